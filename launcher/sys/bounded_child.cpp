#include "sys/bounded_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "sys/descriptors.hpp"
#include "sys/fd.hpp"

namespace stepbox::sys {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

[[noreturn]] void be_child(const std::function<void(int)>& work, std::vector<int> kept, int out, pid_t caller) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != caller) ::_exit(1);
  kept.push_back(STDERR_FILENO);
  kept.push_back(out);
  // A channel left open here would hide the caller's death from processes that wait for the channel's end of file.
  close_all_but(kept);
  // The child has little time, and other processes may occupy all processors. Only root may do this; others just fail.
  ::setpriority(PRIO_PROCESS, 0, -10);
  work(out);
  ::_exit(0);
}

int left_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

// False if time ran out or too much came.
bool read_until_end(int in, std::string& text, size_t limit, Clock::time_point end) {
  std::array<char, 16384> buffer{};
  for (;;) {
    pollfd watched{in, POLLIN, 0};
    const int ready = ::poll(&watched, 1, left_until(end));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t got = ::read(in, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    text.append(buffer.data(), static_cast<size_t>(got));
    if (text.size() > limit) return false;
  }
}

// The child's status, or -1 if it does not end in time.
int reap(pid_t child, Clock::time_point end) {
  for (;;) {
    int status = 0;
    const pid_t got = ::waitpid(child, &status, WNOHANG);
    if (got == child) return status;
    if (got < 0 || Clock::now() >= end) return -1;
    const timespec moment{.tv_sec = 0, .tv_nsec = 1'000'000};
    ::nanosleep(&moment, nullptr);
  }
}

}  // namespace

ChildOutput run_bounded(const std::function<void(int out)>& work, const std::vector<int>& kept, milliseconds time,
                        size_t limit) {
  ChildOutput output;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return output;
  Fd in(ends[0]);
  Fd out(ends[1]);
  const pid_t caller = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) be_child(work, kept, out.get(), caller);
  if (child < 0) return output;
  out.close();
  output.finished = read_until_end(in.get(), output.text, limit, Clock::now() + time);
  if (!output.finished) ::kill(child, SIGKILL);
  output.finished = reap(child, Clock::now() + milliseconds(100)) == 0 && output.finished;
  return output;
}

}  // namespace stepbox::sys
