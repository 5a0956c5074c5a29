// How much memory this process may use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stepbox::sys {

struct Memory {
  uint64_t total;   // of the machine, in bytes
  uint64_t swap;    // of the machine
  uint64_t usable;  // the same, or the tightest limit of the memory cgroups this process is in
};

// Looks at sysinfo(2) and at every ancestor cgroup, v2 or v1. What cannot be read does not limit.
Memory usable_memory();
// The same for who has read /proc/self/cgroup already.
Memory usable_memory(std::string_view proc_self_cgroup);

// The path of this process in the v2 hierarchy ("0::/a/b") or that of a v1 controller
// ("4:memory:/a/b") from the text of /proc/self/cgroup; empty when it is not there.
std::string cgroup_path(std::string_view proc_self_cgroup, std::string_view controller);

}  // namespace stepbox::sys
