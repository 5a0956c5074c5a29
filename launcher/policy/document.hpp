// A policy file as its settings, in file order, and all of its mistakes.
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
  std::string summary;  // one line: the policy's purpose
  std::vector<Extension> extends;
  std::vector<Setting> settings;   // those that can be applied
  std::vector<Mistake> mistakes;   // in file order
};

// Reads the text of a file that belongs to `layer`; errors and origins call it `place`. Error: the text is no YAML, or
// no map, so that its keys cannot be checked.
Result<Document> read_document(std::string_view text, Layer layer, const std::string& place);

}  // namespace stepbox::policy
