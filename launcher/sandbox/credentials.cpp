#include "sandbox/credentials.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace stepbox::sandbox {
namespace {

// The sets alone, without libcap: one call with two 32-bit halves (capget(2)).
int set_capabilities(uint64_t kept) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  for (int half = 0; half < 2; ++half) {
    data[half].permitted = static_cast<uint32_t>(kept >> (32 * half));
    data[half].effective = data[half].permitted;
  }
  return ::syscall(SYS_capset, &header, &data) == 0 ? 0 : errno;
}

}  // namespace

int write_file_at(int directory, const char* path, const char* text, size_t length) {
  const int fd = ::openat(directory, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const ssize_t written = ::write(fd, text, length);
  const int error = written == static_cast<ssize_t>(length) ? 0 : written < 0 ? errno : EIO;
  ::close(fd);
  return error;
}

int become(uid_t uid, gid_t gid) {
  // Raw calls: glibc's would signal every thread, and there is only this one.
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return errno;
  if (::syscall(SYS_setresgid, gid, gid, gid) != 0) return errno;
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) return errno;
  return 0;
}

int cut_capabilities(uint64_t kept) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept >> capability & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // beyond the last one that this kernel knows
    return errno;
  }
  return set_capabilities(kept);
}

int retire(uid_t uid, gid_t gid, uint64_t kept) {
  // Without this the kernel would take all capabilities with the change of ids, `kept` included.
  if (::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0) return errno;
  if (const int error = become(uid, gid); error != 0) return error;
  if (const int error = cut_capabilities(kept); error != 0) return error;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : errno;
}

}  // namespace stepbox::sandbox
