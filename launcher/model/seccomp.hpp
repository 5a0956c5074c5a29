// The seccomp filter of a run as a value: which calls it refuses and why, and the program that the kernel runs.
// Made by seccomp/filters.hpp; the views live as long as the filter. Also the calls that a filter in log mode, which
// refuses nothing, has seen.
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stepbox {

inline constexpr std::string_view kNoSeccomp = "off";

// What a policy may name instead of a file, strictest first: policies/seccomp/*.yaml, and none.
inline constexpr std::string_view kSeccompNames[] = {"strict", "default", kNoSeccomp};

struct SeccompGroup {
  std::string_view name;
  std::string_view why;
  std::string_view calls;  // whose uses it refuses in part or whole, separated by blanks
};

struct SeccompFilter {
  std::string_view profile;                   // a built-in name, a file's path, or "off"
  std::string_view summary = {};              // one line
  std::span<const SeccompGroup> groups = {};
  std::span<const sock_filter> program = {};  // empty: no filter at all
  bool kills = false;                         // a call may end the step by SIGSYS
  bool bounds_memory = false;                 // refuses the calls that take kernel memory which no limit counts
};

// One kind of call that would have been refused.
struct LoggedCall {
  std::string name;               // "keyctl", or "number 1234"
  std::string architecture;       // "x86_64", "i386": whose call it is
  bool is_native = true;
  uint64_t count = 0;
  // Of the first one.
  std::string process = {};
  std::array<uint64_t, 6> arguments = {};  // the registers; the ones that the call does not use hold anything
  std::vector<std::string> groups = {};    // the profile's groups that name the call
};

struct SeccompLog {
  std::vector<LoggedCall> calls;  // in the order in which they were first seen
  uint64_t unlisted = 0;          // calls of kinds beyond the listed ones
};

}  // namespace stepbox
