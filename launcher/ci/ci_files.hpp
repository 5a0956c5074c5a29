// The files, directories and sockets of CI engines that a step must reach, found through the values of
// the variables that announce them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/host_facts.hpp"
#include "model/policy.hpp"

namespace stepbox::ci {

// A path that a CI engine announced. `path` is as announced, absolute.
struct CiPath {
  std::string path;
  PathAccess access;
  std::string variable;
  std::string file = {};  // the announced path, if `path` is the directory around it
};

// Every path that the environment announces, in the order of the table. Skips values that are not an
// absolute path (after "unix:" or "fifo:").
std::vector<CiPath> announced_ci_paths(const HostFacts& facts);

// Whether --clear-env keeps the variable: a command finds its tools and its CI by it.
bool is_kept_when_cleared(std::string_view variable);

}  // namespace stepbox::ci
