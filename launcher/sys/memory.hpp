// How much memory this process may use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stepbox::sys {

struct Memory {
  uint64_t total;   // of the machine, in bytes
  uint64_t swap;    // of the machine
  uint64_t usable;  // the total, or the tightest limit of the memory cgroups this process is in
};

// Looks at sysinfo(2) and at every ancestor cgroup, v2 or v1. The plan ignores a limit that is missing or that this
// user may not read (EACCES); the kernel enforces it all the same. Error: a limit that cannot be read for another
// reason.
Result<Memory> usable_memory();
// The same, given the text of /proc/self/cgroup.
Result<Memory> usable_memory(std::string_view proc_self_cgroup);

// The text of /proc/self/cgroup; empty where the kernel has no control groups.
Result<std::string> own_cgroups();

// The path of this process in the v2 hierarchy ("0::/a/b") or that of a v1 controller
// ("4:memory:/a/b") from the text of /proc/self/cgroup; empty when it is not there.
std::string cgroup_path(std::string_view proc_self_cgroup, std::string_view controller);

}  // namespace stepbox::sys
