// The files, directories and sockets of CI engines that a step must reach, found by the value of the
// variables that announce them.
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
  std::string file = {};  // where `path` is the directory of what was announced: that itself
};

// All that the environment announces, in the order of the table. Values that are no absolute path
// (after "unix:" or "fifo:") are passed over.
std::vector<CiPath> announced_ci_paths(const HostFacts& facts);

// Names that --clear-env keeps: what makes a command find its tools and its CI.
bool is_kept_when_cleared(std::string_view variable);

}  // namespace stepbox::ci
