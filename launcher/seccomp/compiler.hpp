// From a seccomp profile to the BPF program that the kernel runs, and from numbers to names. The only place that
// includes libseccomp.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "seccomp/profile.hpp"

namespace stepbox::seccomp {

// The instruction sets whose calls this machine's kernel may carry out, as AUDIT_ARCH_*, beginning with the one that
// stepbox is built for. The rules apply to the calls of each of them. Calls of any other set, x32 included, all get
// ENOSYS: nothing built today needs x32, and Debian's kernel has it switched off.
std::span<const uint32_t> native_architectures();

// A profile without groups gives an empty program. Error: a call that the library does not know, or one that
// two groups answer differently.
Result<std::vector<sock_filter>> compile_profile(const Profile& profile, std::span<const uint32_t> architectures);

// Whether a call may end the step.
bool kills(const Profile& profile);

// Whether the profile refuses, whatever the arguments, all calls that take kernel memory outside of every limit.
bool bounds_memory(const Profile& profile);

// The name of a call: "keyctl", or "number 1234" if the library does not know it.
std::string name_of_call(uint32_t architecture, int number);

// "x86_64", "i386", "aarch64", "arm".
std::string_view name_of_architecture(uint32_t architecture);

}  // namespace stepbox::seccomp
