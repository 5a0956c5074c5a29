// Files and directories of control groups, for the whole room. Nothing here allocates: the guard calls it, too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sys/fd.hpp"

namespace stepbox::cgroup {

// The name of every directory of ours begins with this; the pid and a random number follow.
inline constexpr std::string_view kNamePrefix = "stepbox-";
// The group below it that holds the box. It is the only one that a step can reach, and has no limit that matters.
inline constexpr const char* kInner = "box";
// Ends the name of the group beside it, which holds stepbox itself while its own group hands down controllers (v2: no
// process in an inner group).
inline constexpr const char* kLeafSuffix = "-self";

// Opens the directory of a group. Not open, with errno, if there is none.
sys::Fd open_group(int above, const char* name);

// Writes a value into a file of the open group with one write(2). Returns 0 or an errno.
int write_at(int group, const char* file, std::string_view value);

// The beginning of a kernel file; empty if there is none.
class Text {
 public:
  Text() = default;
  Text(int group, const char* file);
  // The file's number, or the one after `key` and a blank at a line's beginning; 0 if there is none.
  uint64_t number(std::string_view key = {}) const;

 private:
  char text_[4096];
  std::size_t length_ = 0;
};

// Removes a group and the groups below it, however deep: a step may have nested its own deeper than any path is long,
// and taken its own rights to them away. Takes at most `limit`. Returns 0, or the errno of the first group that stays,
// EBUSY if it has processes. Uses rmdir(2) alone, so that it never removes an ordinary directory with files.
int remove_group(const char* directory, std::chrono::milliseconds limit);
// The same, with retries: dying processes leave their group a moment later.
int remove_group_patiently(const char* directory, std::chrono::milliseconds limit);

}  // namespace stepbox::cgroup
