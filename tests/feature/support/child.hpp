// For code between fork and exec: a failure there ends the child with a message on stderr.
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace stepbox::feature::in_child {

inline constexpr int kHarnessFailed = 99;

inline void must(bool succeeded, const char* what) {
  if (succeeded) return;
  ::dprintf(STDERR_FILENO, "harness: %s: %s\n", what, std::strerror(errno));
  ::_exit(kHarnessFailed);
}

// From here on, this process has mounts of its own, which no other process sees.
inline void private_mounts() {
  must(::unshare(CLONE_NEWNS) == 0, "unshare");
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
}

// Catch2's handlers would report a signal that is meant for the program. No signal arrives before they are gone.
inline pid_t fork_without_handlers() {
  sigset_t all, before;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0)
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return pid;
}

}  // namespace stepbox::feature::in_child
