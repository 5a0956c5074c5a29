// The log mode of a seccomp filter: the same program, but it asks the supervisor where it would refuse.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace stepbox::seccomp {

// How many instructions the program grows by.
inline constexpr size_t kLogPrefix = 7;

// Every answer but "allowed" becomes SECCOMP_RET_USER_NOTIF (seccomp_unotify(2)). A sendmsg(2) of `architecture` on
// the descriptor `channel` is always allowed: the step sends the listener with it, and would wait for ever for the
// answer of a supervisor that does not have the listener yet. The program cannot tell this call from a later one that
// the step's command makes on the same number.
std::vector<sock_filter> log_program(std::span<const sock_filter> program, uint32_t architecture, int channel);

}  // namespace stepbox::seccomp
