#include "sys/descriptors.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <functional>

#include <catch2/catch.hpp>

using namespace stepbox;

namespace {

void refuse_close_range(unsigned error) {
  sock_filter lines[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                         {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_close_range},
                         {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error},
                         {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const sock_fprog filter{.len = 4, .filter = lines};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) ::_exit(99);
}

// In a child, whose answer is its exit status; `error` is what close_range(2) is refused with, 0 for not at all.
int in_child(int error, const std::function<int()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (int fd = 3; fd < 300; ++fd) ::dup2(0, fd);
    if (error != 0) refuse_close_range(static_cast<unsigned>(error));
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

int open_among(int first, int last) {
  int count = 0;
  for (int fd = first; fd <= last; ++fd) count += is_open(fd) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("all descriptors are closed but those that are kept", "[sys]") {
  const int error = GENERATE(0, EPERM, ENOSYS);
  CAPTURE(error);
  CHECK(in_child(error, [] {
    int kept[] = {270, -1, 0, 5, 5, 4};
    if (const int failed = sys::close_all_but(kept); failed != 0) return failed;
    return is_open(0) && is_open(4) && is_open(5) && is_open(270) && open_among(0, 1000) == 4 ? 0 : 1;
  }) == 0);
  CHECK(in_child(error, [] { return sys::close_all_but({}) == 0 && open_among(0, 1000) == 0 ? 0 : 1; }) == 0);
}

TEST_CASE("from a descriptor on all are closed by execve only", "[sys]") {
  const int error = GENERATE(0, EPERM, ENOSYS);
  CAPTURE(error);
  CHECK(in_child(error, [] {
    if (sys::close_on_exec_from(3) != 0) return 1;
    if (::fcntl(2, F_GETFD) != 0 || ::fcntl(3, F_GETFD) != FD_CLOEXEC || ::fcntl(299, F_GETFD) != FD_CLOEXEC) return 2;
    return open_among(3, 299) == 297 ? 0 : 3;
  }) == 0);
}
