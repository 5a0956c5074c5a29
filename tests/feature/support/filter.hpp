// Seccomp filters as a container has them, loaded between fork and exec.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>
#include <vector>

#include "support/child.hpp"

namespace stepbox::feature::in_child {

inline void load(const std::vector<sock_filter>& program) {
  std::vector<sock_filter> copy = program;
  const sock_fprog filter{.len = static_cast<unsigned short>(copy.size()), .filter = copy.data()};
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
  must(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0, "seccomp");
}

inline constexpr unsigned kLoad = BPF_LD | BPF_W | BPF_ABS;
inline constexpr unsigned kEqual = BPF_JMP | BPF_JEQ | BPF_K;
inline constexpr unsigned kReturn = BPF_RET | BPF_K;

inline sock_filter line(unsigned code, unsigned k, unsigned char yes = 0, unsigned char no = 0) {
  return {.code = static_cast<unsigned short>(code), .jt = yes, .jf = no, .k = k};
}

// As a container's filter answers one call.
inline void deny(long call, int error) {
  load({line(kLoad, offsetof(seccomp_data, nr)), line(kEqual, static_cast<unsigned>(call), 0, 1),
        line(kReturn, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)), line(kReturn, SECCOMP_RET_ALLOW)});
}

// The same for calls with this value as the argument of that number alone.
inline void deny_when(long call, unsigned argument, unsigned value, int error) {
  const auto place = static_cast<unsigned>(offsetof(seccomp_data, args) + argument * sizeof(__u64));
  load({line(kLoad, offsetof(seccomp_data, nr)), line(kEqual, static_cast<unsigned>(call), 0, 3), line(kLoad, place),
        line(kEqual, value, 0, 1), line(kReturn, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        line(kReturn, SECCOMP_RET_ALLOW)});
}

}  // namespace stepbox::feature::in_child
