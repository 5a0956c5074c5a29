#include "sandbox/serve.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "sys/remove_tree.hpp"

namespace stepbox::sandbox {
namespace {

int64_t nanoseconds_of(const timeval& time) { return (int64_t{time.tv_sec} * 1'000'000 + time.tv_usec) * 1'000; }

// The processor time of the living processes and of those that have ended, which are children of this process.
int64_t processor_time_of(const Activity& activity) {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return activity.processor_time + nanoseconds_of(usage.ru_utime) + nanoseconds_of(usage.ru_stime);
}

// A process that is just ending is no stray: helpers of a nested sandbox end a moment after it, and a reader of the
// step's output ends once it has read the end. On a busy machine such a moment takes processor time, which our
// sleeping does not give them. So processes that want a processor get that much of it, however long it takes, within
// reason.
bool everyone_ends_soon(int processes, Bounds bounds) {
  constexpr int kMoments = 10;
  constexpr int kAtATime = 8192;
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 1'000'000};
  constexpr int64_t kProcessorTime = 200'000'000;
  constexpr int64_t kWithinReason = 5'000'000'000;
  const int64_t end = monotonic_nanoseconds() + kWithinReason;
  int64_t used_before = -1;
  for (;;) {
    for (int i = 0; i < kMoments; ++i) {
      pid_t gone = 1;
      for (int n = 0; n < kAtATime && gone > 0; ++n) gone = ::waitpid(-1, nullptr, WNOHANG | __WALL);
      if (gone < 0 && errno == ECHILD) return true;
      ::nanosleep(&kMoment, nullptr);
    }
    const Activity activity = activity_of(processes, bounds);
    const int64_t used = processor_time_of(activity);
    if (used_before < 0) used_before = used;
    if (!activity.is_running || used - used_before >= kProcessorTime || monotonic_nanoseconds() >= end) return false;
  }
}

// Discards a signal that this process got as a member of the caller's process group, and that the supervisor has seen
// (Box::heard_by_parent()).
void forget(int signal) {
  constexpr timespec kNoTime{};
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  ::sigtimedwait(&one, nullptr, &kNoTime);
}

}  // namespace

Server::Server(const Served& served)
    : plan_(served.prepared.plan),
      channel_(served.channel),
      terminal_(served.terminal),
      step_(served.step),
      step_handle_(served.step_handle),
      processes_(served.processes),
      bounds_(served.bounds),
      private_directory_(served.private_directory) {}

int Server::open() {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  signals_ = ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) return errno;
  // A stopped supervisor does not read, but the box must end with init all the same.
  constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
  if (::setsockopt(channel_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) != 0) return errno;
  return start_clock();
}

// A second copy of the time limit, in case the supervisor is stopped and cannot keep the first. The supervisor gets
// the grace and some extra time first.
int Server::start_clock() {
  constexpr int64_t kWhile = 5'000;
  const Deadlines& deadlines = plan_.limits.deadlines;
  if (!deadlines.timeout.value) return 0;
  const int64_t milliseconds = deadlines.timeout.value->count() + deadlines.grace.value.count() + kWhile;
  itimerspec when{};
  when.it_value = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
  clock_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (clock_ < 0) return errno;
  return ::timerfd_settime(clock_, 0, &when, nullptr) == 0 ? 0 : errno;
}

void Server::serve() {
  // poll(2) skips a negative descriptor.
  pollfd watched[] = {{channel_, POLLIN, 0}, {step_handle_, POLLIN, 0}, {signals_, POLLIN, 0}, {clock_, POLLIN, 0}};
  for (;;) {
    if (::ppoll(watched, 4, nullptr, nullptr) < 0) continue;
    // The channel's end of file means that the supervisor is dead: leave, and let no process stay.
    if ((watched[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) obey();
    // The step's end comes before that of its orphans, which may keep coming for ever.
    if ((watched[1].revents & POLLIN) != 0) take_step();
    if ((watched[3].revents & POLLIN) != 0) expire();
    if ((watched[2].revents & POLLIN) != 0) reap();
  }
}

void Server::obey() {
  Message message{};
  const ssize_t got = ::recv(channel_, &message, sizeof message, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got != static_cast<ssize_t>(sizeof message)) leave();
  // Learns whether the step is stopped: the stop may have come at the same moment.
  reap();
  if (continues_step(message)) ++continued_;
  if (message.kind == Kind::signal) {
    forward(message.value, static_cast<Whom>(message.index));
  } else if (message.kind == Kind::resume) {
    if (terminal_ >= 0 && message.value == 1) ::tcsetpgrp(terminal_, step_);
    ::kill(-step_, SIGCONT);
    step_is_stopped_ = false;
  } else if (message.kind == Kind::kill) {
    kill_everybody();
  }
}

void Server::forward(int signal, Whom whom) const {
  forget(signal);
  // If the command has moved to another group, its first group may be empty.
  if (whom == Whom::command || (whom == Whom::group && ::kill(-step_, signal) != 0)) ::kill(step_, signal);
  // A stopped step would not get the signal until it is continued.
  if (!asks_to_end(signal) || !step_is_stopped_) return;
  ::kill(step_, SIGCONT);
  ::kill(-step_, SIGCONT);
}

// Handles orphans and the step's stops. Bounded: the step may make them faster than they can be reaped, and its end
// and the supervisor's orders must still be seen.
void Server::reap() {
  signalfd_siginfo ignored[8];
  while (::read(signals_, ignored, sizeof ignored) > 0) {}
  int status = 0;
  for (int i = 0; i < 256; ++i) {
    siginfo_t child{};
    // Only peeks first: the step's own status is for take_step().
    if (::waitid(P_ALL, 0, &child, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT | __WALL) != 0 || child.si_pid == 0) return;
    const bool is_end = child.si_code == CLD_EXITED || child.si_code == CLD_KILLED || child.si_code == CLD_DUMPED;
    if (child.si_pid == step_ && is_end) return;
    if (::waitpid(child.si_pid, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL) != step_) continue;
    step_is_stopped_ = WIFSTOPPED(status);
    // A step that stops again and again must not fill the channel to a stopped supervisor.
    if (step_is_stopped_ && has_room(channel_))
      send_or_drop(channel_, {.kind = Kind::stopped, .index = continued_, .value = WSTOPSIG(status)});
  }
  // There may be more: wakes this loop again.
  ::kill(::getpid(), SIGCHLD);
}

// The step has ended, but a process that traces it can keep its status back; then everything else is killed first.
void Server::take_step() {
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 1'000'000};
  int status = 0;
  for (int i = 0; i < 10; ++i) {
    if (::waitpid(step_, &status, WNOHANG | __WALL) == step_) end(status);
    ::nanosleep(&kMoment, nullptr);
  }
  // Repeats the kill: without a pid namespace the tracer may be a grandchild, and becomes a child only when its
  // parent is dead.
  for (;;) {
    kill_everybody();
    if (::waitpid(step_, &status, WNOHANG | __WALL) == step_) end(status);
    ::nanosleep(&kMoment, nullptr);
  }
}

void Server::expire() {
  has_expired_ = true;
  send_or_drop(channel_, {.kind = Kind::expired});
  kill_everybody();
  take_step();
}

// Reports how the step ended and which processes are left. In a pid namespace they die with init: the kernel kills
// every process of a namespace whose init has ended (pid_namespaces(7)).
void Server::end(int status) {
  EndedMessage message{};
  message.head = {.kind = Kind::ended, .value = status, .at = monotonic_nanoseconds()};
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  message.ending.user_microseconds = usage.ru_utime.tv_sec * 1'000'000 + usage.ru_utime.tv_usec;
  message.ending.system_microseconds = usage.ru_stime.tv_sec * 1'000'000 + usage.ru_stime.tv_usec;
  message.ending.max_rss_kib = usage.ru_maxrss;
  // Without children there are no processes left: every orphan is init's child.
  if (!everyone_ends_soon(processes_, bounds_)) {
    message.ending.stray_count = list_everybody(processes_, bounds_, message.ending.strays);
    message.ending.has_survivors = bounds_ == Bounds::descendants && !end_descendants(processes_);
  }
  ssize_t sent = 0;
  do {
    // Does not wait for a supervisor that has let the time limit pass.
    sent = ::send(channel_, &message, sizeof message, MSG_NOSIGNAL | (has_expired_ ? MSG_DONTWAIT : 0));
  } while (sent < 0 && errno == EINTR);
  // A supervisor that has not heard of the end would never dismiss this process. The keeper handles that as if this
  // process had been killed.
  if (sent < 0) ::_exit(errno);
  if (bounds_ == Bounds::descendants) await_dismissal();
  ::_exit(0);
}

// The supervisor still reads the step's directory. Leaves when the supervisor is done, or dead.
void Server::await_dismissal() {
  Message ignored{};
  for (;;) {
    const ssize_t got = ::recv(channel_, &ignored, sizeof ignored, 0);
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    sys::remove_tree(private_directory_);
    ::_exit(0);
  }
}

// The supervisor is gone. The kernel takes a box apart; without a box, this process cleans up.
void Server::leave() {
  if (bounds_ == Bounds::descendants) {
    end_descendants(processes_);
    sys::remove_tree(private_directory_);
  }
  ::_exit(0);
}

}  // namespace stepbox::sandbox
