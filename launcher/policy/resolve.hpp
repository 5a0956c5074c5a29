// From the layers of configuration to one Policy.
//
// Precedence, strongest first: command line, environment (STEPBOX_*), --policy files or names,
// project policy (.stepbox.yaml in the checkout), user, site, built in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/policy.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

struct ResolveRequest {
  // From the command line, in order; origin.layer is command_line.
  std::vector<Setting> settings = {};
  // Values of --policy: a built-in name, or a file (contains '/' or ends in .yaml or .yml).
  std::vector<std::string> names = {};
  // The environment as "NAME=value"; only STEPBOX_* counts.
  const char* const* environment = nullptr;
  // The directory that may hold .stepbox.yaml; empty: none.
  std::string checkout = {};
  // Holds the user's policy.yaml: $XDG_CONFIG_HOME/stepbox or ~/.config/stepbox; empty: none.
  std::string user_directory = {};
  // Holds the site's policy.yaml.
  std::string site_directory = "/etc/stepbox";
  // Relative paths in options and variables are made absolute against this directory.
  std::string cwd = "/";
  // Percentages are of this memory, to judge whether a project policy's size is wider than the one below
  // it. 0: unknown, and sizes that cannot be compared count as wider.
  uint64_t memory_bytes = 0;
};

// Reads and merges all layers. The first layer with a mistake ends it: nothing is half-applied. An error
// names FILE:LINE:COL, the key, what was expected, and the nearest right word.
Result<Policy> resolve(const ResolveRequest& request);

// The built-in policies' names with one line about each, for `policy list` and suggestions.
struct BuiltinPolicy {
  std::string_view name;
  std::string_view summary;
};
std::vector<BuiltinPolicy> builtin_policies();

}  // namespace stepbox::policy
