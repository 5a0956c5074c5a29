#include "sandbox/credentials.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace stepbox::sandbox {

int write_file_at(int directory, const char* path, const char* text, size_t length) {
  const int fd = ::openat(directory, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const ssize_t written = ::write(fd, text, length);
  const int error = written == static_cast<ssize_t>(length) ? 0 : written < 0 ? errno : EIO;
  ::close(fd);
  return error;
}

int become(uid_t uid, gid_t gid) {
  // Raw calls: glibc's would signal every thread, and there is only one.
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return errno;
  if (::syscall(SYS_setresgid, gid, gid, gid) != 0) return errno;
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) return errno;
  return 0;
}

// Without libcap: one call with two 32-bit halves (capget(2)). A capability that is no longer inheritable leaves the
// ambient set by itself (capabilities(7)).
int keep_capabilities(uint64_t kept) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  for (int half = 0; half < 2; ++half) {
    data[half].permitted = static_cast<uint32_t>(kept >> (32 * half));
    data[half].effective = data[half].permitted;
  }
  return ::syscall(SYS_capset, &header, &data) == 0 ? 0 : errno;
}

// EINVAL ends the list, but only beyond the capabilities of every supported kernel: an earlier EINVAL would leave the
// rest uncut.
int cut_capabilities(uint64_t kept) {
  constexpr int kLastEverywhere = CAP_CHECKPOINT_RESTORE;  // Linux 5.9
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept >> capability & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL && capability > kLastEverywhere) break;
    return errno;
  }
  return keep_capabilities(kept);
}

void tie_to_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

int become_keeping_capabilities(uid_t uid, gid_t gid) {
  if (::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0) return errno;
  return become(uid, gid);
}

}  // namespace stepbox::sandbox
