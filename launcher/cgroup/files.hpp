// Files and directories of control groups, for everybody in this room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace stepbox::cgroup {

// Every directory of ours is called so, with the pid and a random number behind it.
inline constexpr std::string_view kNamePrefix = "stepbox-";
// Below it, where the box is: what the step could reach of its groups has no limit that matters.
inline constexpr const char* kInner = "/box";
// Beside it, where stepbox itself is while its own group hands down controllers (v2: no process in an inner group).
inline constexpr const char* kLeafSuffix = "-self";

// Written at once; 0 or errno.
int write_at(const std::string& directory, std::string_view file, std::string_view value);

// The number alone in the file, or behind `key` and a blank at a line's beginning; 0 where there is none.
uint64_t number_in(const std::string& directory, const char* file, std::string_view key = {});

// Removes a group with the groups below it; 0 or the first errno. Nothing but groups can be removed so (rmdir).
int remove_group(const std::string& directory);
// The same, patiently: processes that are ending leave their group a moment later. 0 when it is gone.
int remove_group_within(const std::string& directory, int milliseconds);

}  // namespace stepbox::cgroup
