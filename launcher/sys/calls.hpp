// System calls that glibc 2.36 has no function for, under the names of their manual pages.
//
// Everything here returns what the kernel returns: -1 and errno. Nothing allocates, locks or decides,
// so that all of it may be called between clone and execve.
#pragma once

#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace stepbox::sys {

// The errno of a call, or 0 if it succeeded.
inline int error_of(long result) { return result < 0 ? errno : 0; }

// clone3(2), 5.3.
inline pid_t clone3(const clone_args& arguments) {
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

// clone3, falling back to clone(2) for flags that both know. Container filters hide or refuse clone3, since they cannot
// look into its arguments.
inline pid_t clone_plain(const clone_args& arguments) {
  const pid_t pid = clone3(arguments);
  if (pid >= 0 || (errno != ENOSYS && errno != EPERM) || arguments.cgroup != 0) return pid;
  return static_cast<pid_t>(::syscall(SYS_clone, arguments.flags | arguments.exit_signal, nullptr,
                                      reinterpret_cast<int*>(arguments.pidfd), nullptr, nullptr));
}

// open_tree(2), 5.2: a detached copy of the mount at `path`; AT_RECURSIVE takes what is mounted below.
inline int clone_tree(int directory, const char* path, unsigned flags) {
  return static_cast<int>(
      ::syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT));
}

// move_mount(2), 5.2: attaches a detached mount to the place that `place` is open on.
inline int attach(int mount, int place) {
  return static_cast<int>(::syscall(SYS_move_mount, mount, "", place, "",
                                    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

// The same by path, below `directory`. Links are followed on the way but not at its end.
inline int attach_at(int mount, int directory, const char* path) {
  return static_cast<int>(::syscall(SYS_move_mount, mount, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH));
}

inline int fsopen(const char* type) { return static_cast<int>(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)); }

inline int fsconfig_string(int context, const char* key, const char* value) {
  return static_cast<int>(::syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0));
}

inline int fsconfig_flag(int context, const char* key) {
  return static_cast<int>(::syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, nullptr, 0));
}

inline int fsconfig_create(int context) {
  return static_cast<int>(::syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
}

inline int fsmount(int context, unsigned attributes) {
  return static_cast<int>(::syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
}

// mount_setattr(2), 5.12, on the mount that `mount` is open on.
inline int mount_setattr(int mount, unsigned flags, const mount_attr& attributes) {
  return static_cast<int>(
      ::syscall(SYS_mount_setattr, mount, "", flags | AT_EMPTY_PATH, &attributes, sizeof attributes));
}

inline int pivot_root(const char* new_root, const char* put_old) {
  return static_cast<int>(::syscall(SYS_pivot_root, new_root, put_old));
}

// seccomp(2), 3.17.
inline int seccomp(unsigned operation, unsigned flags, void* arguments) {
  return static_cast<int>(::syscall(SYS_seccomp, operation, flags, arguments));
}

// keyctl(2): a new, empty session keyring for this process and its children.
inline long join_new_session_keyring() {
  return ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0);
}

}  // namespace stepbox::sys
