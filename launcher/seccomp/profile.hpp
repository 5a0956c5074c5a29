// Seccomp profiles: policies/seccomp/*.yaml, and files of the user's own in the same form.
//
//   version: 1
//   summary: one line
//   extends: default            # a built-in profile; without it, everything is allowed that no group names
//   without: [flush]            # groups of it that are taken out
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

// Holds for a call whose argument, in its low 32 bits and behind the mask, has the value.
struct ArgumentTest {
  uint32_t mask;
  uint32_t value;
};

// Of one argument: one of the tests holds.
struct ArgumentCondition {
  unsigned argument = 0;
  std::vector<ArgumentTest> tests;
};

struct ProfileRule {
  std::vector<std::string> calls;
  std::vector<ArgumentCondition> when;  // all hold; empty: whatever the arguments are
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

// The names of all calls that a rule of the group is about, blanks between.
std::string calls_of(const ProfileGroup& group);

// The group by which built-in profiles refuse to set extended attributes.
inline constexpr std::string_view kAttributesGroup = "extended-attributes";

// Takes that group out, where there is one.
void allow_attributes(Profile& profile);

// The text of a built-in profile, which others may extend.
struct ProfileSource {
  std::string_view name;
  std::string_view text;
};

// Reads a profile with what it extends; `place` is what errors call it: "place:3:7: what is wrong".
Result<Profile> read_profile(std::string_view text, std::string_view place, std::span<const ProfileSource> builtins);

}  // namespace stepbox::seccomp
