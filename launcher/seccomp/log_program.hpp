// The log mode of a seccomp filter: the same program, but what it would refuse it asks the supervisor about.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace stepbox::seccomp {

// How much longer the program gets.
inline constexpr size_t kLogPrefix = 7;

// Every answer but "allowed" becomes SECCOMP_RET_USER_NOTIF (seccomp_unotify(2)). A sendmsg(2) of `architecture` on
// the descriptor `channel` is always allowed: the step sends the listener with it, and would wait for ever for the
// answer of a supervisor that does not have the listener yet. Whether the step's command sends on that number is not
// told from it.
std::vector<sock_filter> log_program(std::span<const sock_filter> program, uint32_t architecture, int channel);

}  // namespace stepbox::seccomp
