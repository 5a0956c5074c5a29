// A policy file as the settings that it spells, in file order. Knows the shape of every key, not what
// its values mean: that is for apply_setting().
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

struct Document {
  std::string summary;  // one line, what the policy is for
  std::vector<Extension> extends;
  std::vector<Setting> settings;
};

// Reads the text of a file that belongs to `layer` and is called `place` in errors and origins.
Result<Document> read_document(std::string_view text, Layer layer, const std::string& place);

}  // namespace stepbox::policy
