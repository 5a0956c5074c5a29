// The words of seccomp profiles that stand for numbers of the kernel's interface.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace stepbox::seccomp {

struct SeccompWord {
  std::string_view word;
  uint32_t number;
};

// TIOCSTI, CLONE_NEWUSER, S_ISUID: the values that a profile compares arguments with.
std::span<const SeccompWord> argument_words();

// A word of the table or a number, decimal or with 0x.
std::optional<uint32_t> argument_number(std::string_view text);

// "EPERM", "success" or "kill" as the SECCOMP_RET_* value that the program returns.
std::optional<uint32_t> answer_number(std::string_view text);

// The number of a call that is newer than the library's tables. Such a call has the same number on every
// architecture, as all new ones do. A rule for it cannot have conditions.
std::optional<uint32_t> newer_call(std::string_view name);
// Empty if no newer call has the number.
std::string_view name_of_newer_call(uint32_t number);

}  // namespace stepbox::seccomp
