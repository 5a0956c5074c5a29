// A policy file as the settings that it spells, in file order, and all that is wrong with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

struct Extension {
  std::string name;  // a built-in policy or a file
  Origin origin;
};

struct Mistake {
  int line;
  int column;
  Error error;  // "p.yaml:3:7: workspace.sise: unknown key (did you mean 'size'?)"
};

struct Document {
  std::string summary;  // one line, what the policy is for
  std::vector<Extension> extends;
  std::vector<Setting> settings;   // those that can be applied
  std::vector<Mistake> mistakes;   // in file order
};

// Reads the text of a file that belongs to `layer` and is called `place` in errors and origins. An error where it is no
// YAML, or no map: then nothing can be said of its keys.
Result<Document> read_document(std::string_view text, Layer layer, const std::string& place);

}  // namespace stepbox::policy
