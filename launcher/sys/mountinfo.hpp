// The mounts of this process's namespace, from /proc/self/mountinfo (proc(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stepbox::sys {

struct HostMount {
  std::string path;  // where it is mounted, octal escapes undone
  std::string type;  // "ext4"
  std::string root = "/";     // the part of the file system that is mounted
  std::string options = {};   // of the file system, not of this mount: "rw,memory"
  bool operator==(const HostMount&) const = default;
};

// In the order of the file, without malformed lines.
std::vector<HostMount> parse_mountinfo(std::string_view text);

Result<std::vector<HostMount>> read_mounts();

}  // namespace stepbox::sys
