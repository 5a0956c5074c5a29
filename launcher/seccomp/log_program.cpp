#include "seccomp/log_program.hpp"

#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <cstddef>

namespace stepbox::seccomp {

std::vector<sock_filter> log_program(std::span<const sock_filter> program, uint32_t architecture, int channel) {
  // A descriptor has 32 bits: the first ones of the argument, since all supported machines are little-endian.
  const sock_filter prefix[kLogPrefix] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(channel), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  std::vector<sock_filter> logging(prefix, prefix + kLogPrefix);
  for (sock_filter line : program) {
    if (line.code == (BPF_RET | BPF_K) && line.k != SECCOMP_RET_ALLOW) line.k = SECCOMP_RET_USER_NOTIF;
    logging.push_back(line);
  }
  return logging;
}

}  // namespace stepbox::seccomp
