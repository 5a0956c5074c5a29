// Seccomp filters like those of containers, loaded between fork and exec.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
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

inline void answer(long call, unsigned action) {
  load({line(kLoad, offsetof(seccomp_data, nr)), line(kEqual, static_cast<unsigned>(call), 0, 1), line(kReturn, action),
        line(kReturn, SECCOMP_RET_ALLOW)});
}

// Refuses one call, as a container's filter does.
inline void deny(long call, int error) { answer(call, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)); }

// The same, but only for calls whose argument of that number has this value.
inline void deny_when(long call, unsigned argument, unsigned value, int error) {
  const auto place = static_cast<unsigned>(offsetof(seccomp_data, args) + argument * sizeof(__u64));
  load({line(kLoad, offsetof(seccomp_data, nr)), line(kEqual, static_cast<unsigned>(call), 0, 3), line(kLoad, place),
        line(kEqual, value, 0, 1), line(kReturn, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        line(kReturn, SECCOMP_RET_ALLOW)});
}

// Imitates systemd's RestrictSUIDSGID=: refuses modes with a set-id bit, and hides calls whose mode is in memory.
inline void restrict_set_id_modes() {
  struct Call {
    long number;
    unsigned mode;  // which argument
  };
  const Call calls[] = {{SYS_fchmod, 1}, {SYS_fchmodat, 2}, {SYS_mkdirat, 2}, {SYS_mknodat, 2}, {SYS_openat, 3},
#ifdef SYS_chmod
                        {SYS_chmod, 1},  {SYS_mkdir, 1},    {SYS_mknod, 1},   {SYS_open, 2},
#endif
  };
  std::vector<sock_filter> program = {line(kLoad, offsetof(seccomp_data, nr)), line(kEqual, SYS_openat2, 0, 1),
                                      line(kReturn, SECCOMP_RET_ERRNO | ENOSYS)};
  for (const Call& call : calls) {
    program.push_back(line(kEqual, static_cast<unsigned>(call.number), 0, 4));
    program.push_back(line(kLoad, static_cast<unsigned>(offsetof(seccomp_data, args) + 8 * call.mode)));
    program.push_back(line(BPF_JMP | BPF_JSET | BPF_K, 06000, 0, 1));
    program.push_back(line(kReturn, SECCOMP_RET_ERRNO | EPERM));
    program.push_back(line(kReturn, SECCOMP_RET_ALLOW));
  }
  program.push_back(line(kReturn, SECCOMP_RET_ALLOW));
  load(program);
}

}  // namespace stepbox::feature::in_child
