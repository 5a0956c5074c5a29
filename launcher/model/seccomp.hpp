// The seccomp filter of a run as a value: what is refused and why, and the program that the kernel runs.
// Made by sandbox/filters.hpp; the views live as long as the filter.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string_view>

namespace stepbox {

inline constexpr std::string_view kNoSeccomp = "off";

// What a policy may say instead of a file, from the strictest on: policies/seccomp/*.yaml, and none.
inline constexpr std::string_view kSeccompNames[] = {"strict", "default", kNoSeccomp};

struct SeccompGroup {
  std::string_view name;
  std::string_view why;
};

struct SeccompFilter {
  std::string_view profile;                   // a built-in name, a file's path, or "off"
  std::string_view summary = {};              // one line
  std::span<const SeccompGroup> groups = {};
  std::span<const sock_filter> program = {};  // empty: no filter at all
  bool kills = false;                         // a call may end the step by SIGSYS
};

}  // namespace stepbox
