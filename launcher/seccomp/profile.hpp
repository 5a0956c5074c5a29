// Seccomp profiles: policies/seccomp/*.yaml, and files of the user's own in the same form.
//
//   version: 1
//   summary: one line
//   extends: default            # a built-in profile; without it, all that no group names is allowed
//   without: [flush]            # inherited groups to leave out
//   also: [set-user-id-modes]   # groups of any built-in profile, by name
//   groups:
//     - name: keyrings
//       why: the reason
//       refuse:
//         - calls: [keyctl]
//           when: [{argument: 0, is: [1, 0x2]}]   # or bits: [...]; all of the list must hold
//           answer: EPERM                         # any errno; success: 0 without doing it; kill: SIGSYS
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stepbox::seccomp {

// Holds if the low 32 bits of the argument, masked, equal the value.
struct ArgumentTest {
  uint32_t mask;
  uint32_t value;
};

// Holds if one of the tests of the argument holds.
struct ArgumentCondition {
  unsigned argument = 0;
  std::vector<ArgumentTest> tests;
};

struct ProfileRule {
  std::vector<std::string> calls;
  std::vector<ArgumentCondition> when;  // all must hold; empty: any arguments
  uint32_t answer = 0;                  // SECCOMP_RET_*
  std::string place;                    // "profile.yaml:3:7", for errors
};

struct ProfileGroup {
  std::string name;
  std::string why;
  std::vector<ProfileRule> rules;
};

struct Profile {
  std::string summary;
  std::vector<ProfileGroup> groups;
};

// The names of all calls in the group's rules, separated by blanks.
std::string calls_of(const ProfileGroup& group);

// The group by which built-in profiles refuse the setting of extended attributes.
inline constexpr std::string_view kAttributesGroup = "extended-attributes";

// Removes that group, if the profile has it.
void allow_attributes(Profile& profile);

// The text of a built-in profile, which others may extend.
struct ProfileSource {
  std::string_view name;
  std::string_view text;
};

// Reads a profile and the one it extends. Errors call it `place`: "place:3:7: what is wrong".
Result<Profile> read_profile(std::string_view text, std::string_view place, std::span<const ProfileSource> builtins);

}  // namespace stepbox::seccomp
