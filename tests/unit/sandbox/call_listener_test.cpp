#include "sandbox/call_listener.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "sandbox/channel.hpp"
#include "sandbox/seccomp.hpp"
#include "seccomp/compiler.hpp"
#include "seccomp/filter_table.hpp"
#include "seccomp/log_program.hpp"
#include "sys/fd.hpp"

using namespace stepbox;
using namespace stepbox::sandbox;

namespace {

// Like a step: loads the filter, sends the listener, makes two calls. Its status is 0 when the kernel answered both.
[[noreturn]] void call_twice(int channel, const std::vector<sock_filter>& program) {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const int listener = load_log_filter(program);
  if (listener < 0) ::_exit(1);
  char byte = 0;
  if (send_with_descriptors(channel, {&byte, 1}, &listener, 1) != 0) ::_exit(2);
  ::close(listener);
  if (::syscall(SYS_add_key, 0, 0, 0, 0, 0) != -1 || errno != EFAULT) ::_exit(3);
  if (::syscall(SYS_bpf, 99, 0, 0) != -1 || errno == ENOSYS) ::_exit(4);
  ::_exit(0);
}

short events_of(int listener) {
  pollfd watched{listener, POLLIN, 0};
  ::poll(&watched, 1, 10'000);
  return watched.revents;
}

}  // namespace

TEST_CASE("calls are let go on one by one, until nobody is left to make one", "[sandbox][filter]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  const sys::Fd ours(ends[0]), theirs(ends[1]);
  const auto program = seccomp::log_program(seccomp::kBuiltinFilters.front().program, seccomp::native_architectures().front(), theirs.get());
  const pid_t child = ::fork();
  if (child == 0) call_twice(theirs.get(), program);
  char byte = 0;
  int fds[kMaxDescriptors];
  REQUIRE(receive_with_descriptors(ours.get(), {&byte, 1}, fds).count == 1);
  const sys::Fd listener(fds[0]);
  CallListener calls(listener.get());
  for (size_t seen = 1; seen <= 2; ++seen) {
    const short events = events_of(listener.get());
    REQUIRE((events & POLLIN) != 0);
    CHECK(calls.take(events));
    CHECK(calls.result().calls.size() == seen);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK_FALSE(calls.take(events_of(listener.get())));
  CHECK(calls.result().calls[0].name == "add_key");
  CHECK(calls.result().calls[0].process == "unit_tests");
  CHECK(calls.result().calls[1].name == "bpf");
}
