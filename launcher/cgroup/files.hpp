// Files and directories of control groups, for everybody in this room. Nothing here allocates: the guard calls it, too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sys/fd.hpp"

namespace stepbox::cgroup {

// Every directory of ours is called so, with the pid and a random number behind it.
inline constexpr std::string_view kNamePrefix = "stepbox-";
// Below it, where the box is: what the step could reach of its groups has no limit that matters.
inline constexpr const char* kInner = "box";
// Beside it, where stepbox itself is while its own group hands down controllers (v2: no process in an inner group).
inline constexpr const char* kLeafSuffix = "-self";

// The directory of a group. Not open, with errno, where there is none.
sys::Fd open_group(int above, const char* name);

// Written at once into a file of the group that is open; 0 or errno.
int write_at(int group, const char* file, std::string_view value);

// The beginning of a file of the kernel's; empty where there is none.
class Text {
 public:
  Text() = default;
  Text(int group, const char* file);
  // The number alone, or behind `key` and a blank at a line's beginning; 0 where there is none.
  uint64_t number(std::string_view key = {}) const;

 private:
  char text_[4096];
  std::size_t length_ = 0;
};

// Removes a group with those below it, however deep: a step may have nested its own deeper than any path is long, and
// taken its rights to them away. For at most so long. 0 when it is gone, or the errno of the first that stays, EBUSY where
// it has processes. What holds more than directories is never removed (rmdir).
int remove_group(const char* directory, std::chrono::milliseconds limit);
// The same, again and again: processes that are ending leave their group a moment later.
int remove_group_patiently(const char* directory, std::chrono::milliseconds limit);

}  // namespace stepbox::cgroup
