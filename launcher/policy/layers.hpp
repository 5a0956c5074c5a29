// Gathers the settings of policy files and built-in policies, and of the policies they extend, in the
// order in which they apply. Reads and checks shapes; decides nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/policy.hpp"
#include "policy/document.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

// A setting, and the `extends:` that brought it in, "ci.yaml:2:11: extends"; empty where none did. The place is that of
// the innermost `extends:`, else the setting's own.
struct Step {
  Setting setting;
  std::string via;
  int line = 0;
  int column = 0;
};

struct Gathered {
  std::vector<Step> steps;
  std::vector<PolicyName> names;
  std::vector<Mistake> mistakes;  // in the order of the file's lines; if there is one, nothing may be applied
};

// Whether a value of --policy or extends is a file and not the name of a built-in policy.
bool is_file_name(std::string_view name);

// Takes a relative path as one below `directory`.
std::string path_below(std::string_view directory, std::string_view path);

// Those about the file as a whole, which have no line, come last.
void sort_by_line(std::vector<Mistake>& mistakes);

// The settings of the file at `path`, which errors call `place`; no settings if it does not exist. A file
// of Layer::project is a stranger's: it may extend built-in policies only.
Result<Gathered> gather_file(const std::string& path, const std::string& place, Layer layer);

// The settings of a value of --policy: a built-in policy, or a file below `cwd`, which must exist.
Result<Gathered> gather_named(const std::string& name, std::string_view cwd, Layer layer);

}  // namespace stepbox::policy
