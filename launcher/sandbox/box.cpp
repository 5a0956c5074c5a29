#include "sandbox/box.hpp"

#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "sandbox/failure_text.hpp"
#include "sandbox/processes.hpp"
#include "sys/calls.hpp"

namespace stepbox::sandbox {
namespace {

uint64_t namespaces_of(const Plan& plan, const BoxGroups& groups) {
  uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  // Its top is where its maker is: with groups of its own, init makes it once it is in them.
  if (groups.is_empty()) flags |= CLONE_NEWCGROUP;
  if (plan.identity.isolation == UidIsolation::mapped) flags |= CLONE_NEWUSER;
  if (plan.network != NetworkMode::host) flags |= CLONE_NEWNET;
  return flags;
}

// Whether it was said that ids cannot be shifted here (mount_setattr(2), user_namespaces(7)). A lack of memory or
// descriptors says nothing about that, and must not make the box weaker.
bool is_shift_refused(const Message& failure) {
  if (failure.stage != Stage::id_map && failure.stage != Stage::step_map) return false;
  return failure.error == EINVAL || failure.error == EPERM || failure.error == EACCES || failure.error == EOPNOTSUPP;
}

}  // namespace

std::expected<Box, StartFailure> Box::start(const Plan& plan, const CallerState& caller, int terminal,
                                            const BoxGroups& groups) {
  const Prepared prepared(plan, caller, groups);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return std::unexpected(StartFailure{Error::from_errno("cannot open the channel to the box", errno)});
  sys::Fd ours(ends[0]);
  sys::Fd theirs(ends[1]);
  clone_args arguments{};
  arguments.flags = namespaces_of(plan, groups);
  if (groups.unified >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(groups.unified);
  }
  arguments.exit_signal = SIGCHLD;
  const pid_t init = sys::clone3(arguments);
  if (init == 0) {
    ours.close();
    be_init(prepared, theirs.get(), terminal);
  }
  if (init < 0) return std::unexpected(StartFailure{clone_failure_text(plan, errno)});
  theirs.close();
  Box box(init, std::move(ours));
  if (auto started = box.await_step(plan); !started) return std::unexpected(std::move(started).error());
  return box;
}

std::expected<void, StartFailure> Box::await_step(const Plan& plan) {
  for (;;) {
    const std::optional<BoxEvent> event = next_event();
    if (!event) {
      const int status = tear_down();
      const std::string how = WIFSIGNALED(status) ? " was killed by signal " + std::to_string(WTERMSIG(status)) : " ended";
      return std::unexpected(StartFailure{Error{"the box's init" + how + " while the box was being made",
                                                plan.cgroup.find("memory") != nullptr ? "raise limits.memory, or look for an out-of-memory kill in the kernel log"
                                                                              : "look for an out-of-memory kill in the kernel log"}});
    }
    const Message& message = event->message;
    if (message.kind == Kind::executing) return {};
    if (message.kind != Kind::failed) continue;
    tear_down();
    return std::unexpected(StartFailure{failure_text(plan, message.stage, message.index, message.error),
                                        is_shift_refused(message)});
  }
}

std::optional<BoxEvent> Box::next_event() {
  EndedMessage received{};
  iovec part{&received, sizeof received};
  int fds[kMaxDescriptors];
  const auto [bytes, count] = receive_with_descriptors(channel_.get(), part, fds);
  for (size_t i = 0; i < count; ++i) volumes_.emplace_back(fds[i]);
  if (bytes < static_cast<ssize_t>(sizeof received.head)) return std::nullopt;
  if (received.head.kind == Kind::volumes && !volumes_.empty()) {
    processes_ = std::move(volumes_.back());
    volumes_.pop_back();
  }
  BoxEvent event{received.head, std::nullopt};
  if (received.head.kind == Kind::ended && bytes == static_cast<ssize_t>(sizeof received)) event.ending = received.ending;
  return event;
}

void Box::send_signal(int signal) { send_message(channel_.get(), {.kind = Kind::signal, .value = signal}); }

void Box::resume(GiveTerminal give) {
  send_message(channel_.get(), {.kind = Kind::resume, .value = give == GiveTerminal::yes ? 1 : 0});
}

void Box::kill_all() {
  send_message(channel_.get(), {.kind = Kind::kill});
}

int Box::tear_down() {
  if (init_ < 0) return 0;
  // Init leaves at the end of file, and by SIGKILL should it not be able to.
  channel_.close();
  processes_.close();
  ::kill(init_, SIGKILL);
  int status = 0;
  while (::waitpid(init_, &status, __WALL) < 0 && errno == EINTR) {}
  init_ = -1;
  return status;
}

void Box::release() { volumes_.clear(); }

Box::~Box() {
  tear_down();
  release();
}

}  // namespace stepbox::sandbox
