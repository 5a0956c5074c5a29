#include "sandbox/box.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "model/units.hpp"
#include "sandbox/failure_text.hpp"
#include "sandbox/processes.hpp"
#include "seccomp/compiler.hpp"
#include "seccomp/log_program.hpp"
#include "sys/calls.hpp"

namespace stepbox::sandbox {
namespace {

uint64_t namespaces_of(const Plan& plan, const BoxGroups& groups) {
  if (plan.confinement.isolation != Isolation::full) return 0;
  uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  // The top of a cgroup namespace is its maker's group: with its own groups, init makes the namespace after entering
  // them.
  if (groups.is_empty()) flags |= CLONE_NEWCGROUP;
  if (plan.identity.isolation == UidIsolation::mapped) flags |= CLONE_NEWUSER;
  if (plan.confinement.network != NetworkMode::host) flags |= CLONE_NEWNET;
  return flags;
}

// Whether the kernel said that ids cannot be shifted here (mount_setattr(2), user_namespaces(7)). A lack of memory or
// descriptors does not say that, and must not make the box weaker.
bool is_shift_refused(const Plan& plan, const Message& failure) {
  if (failure.stage != Stage::id_map && failure.stage != Stage::step_map) return false;
  // An overlay's layer is where the step wants to write. There, weaker isolation is no substitute.
  if (failure.stage == Stage::id_map && plan.files.mounts[static_cast<size_t>(failure.index)].overlay >= 0) return false;
  return failure.error == EINVAL || failure.error == EPERM || failure.error == EACCES || failure.error == EOPNOTSUPP;
}

// Likewise for overlays: not compiled in, forbidden, or not possible over this file system, e.g. another overlay.
bool is_overlay_refused(const Plan& plan, const Message& failure) {
  if (failure.stage != Stage::overlay) return false;
  const bool is_asked_for = plan.files.mounts[static_cast<size_t>(failure.index)].act != MountAct::bind;
  if (is_asked_for) return false;
  return failure.error == EINVAL || failure.error == EPERM || failure.error == EACCES || failure.error == EOPNOTSUPP ||
         failure.error == ENODEV || failure.error == EREMOTE || failure.error == ELOOP;
}

}  // namespace

std::expected<Box, StartFailure> Box::start(const Plan& plan, const CallerState& caller, int terminal,
                                            const BoxGroups& groups, int private_directory, const Patience& patience) {
  const auto begin = std::chrono::steady_clock::now();
  Prepared prepared(plan, caller, groups, private_directory);
  const Bounds bounds = plan.confinement.isolation == Isolation::full ? Bounds::pid_namespace : Bounds::descendants;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return std::unexpected(StartFailure{Error::from_errno("cannot open the channel to the box", errno)});
  sys::Fd ours(ends[0]);
  sys::Fd theirs(ends[1]);
  if (plan.confinement.seccomp_log)
    prepared.log_program = seccomp::log_program(plan.confinement.seccomp->program, seccomp::native_architectures().front(), theirs.get());
  sys::Fd processes;
  if (bounds == Bounds::descendants) {
    processes = sys::Fd(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!processes) return std::unexpected(StartFailure{Error::from_errno("cannot open /proc", errno)});
  }
  clone_args arguments{};
  arguments.flags = namespaces_of(plan, groups);
  if (groups.unified >= 0 && bounds == Bounds::pid_namespace) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(groups.unified);
  }
  arguments.exit_signal = SIGCHLD;
  const pid_t supervisor = ::getpid();
  const pid_t init = bounds == Bounds::pid_namespace ? sys::clone3(arguments) : sys::clone_plain(arguments);
  if (init == 0) {
    ours.close();
    if (bounds == Bounds::descendants) be_subreaper(prepared, theirs.get(), terminal, supervisor);
    be_init(prepared, theirs.get(), terminal);
  }
  if (init < 0) return std::unexpected(StartFailure{clone_failure_text(plan, errno)});
  theirs.close();
  Box box(init, std::move(ours), bounds);
  box.processes_ = std::move(processes);
  // Starts while init makes the box, so that the witness exists before the step can send a signal.
  box.witness_ = sys::Witness::start(init);
  if (auto started = box.await_step(plan, begin, patience); !started) return std::unexpected(std::move(started).error());
  return box;
}

// An error if the patience ends before init or the step sends a message.
std::optional<Error> Box::await_word(const Patience& patience) const {
  using std::chrono::nanoseconds;
  pollfd watched[] = {{channel_.get(), POLLIN, 0}, {patience.signals, POLLIN, 0}};
  for (;;) {
    timespec left{};
    if (patience.limit) {
      const nanoseconds rest = std::max<nanoseconds>(patience.begin + *patience.limit - std::chrono::steady_clock::now(), nanoseconds(0));
      left = {.tv_sec = rest.count() / 1'000'000'000, .tv_nsec = rest.count() % 1'000'000'000};
    }
    const int ready = ::ppoll(watched, 2, patience.limit ? &left : nullptr, nullptr);
    if (ready < 0) continue;
    if (watched[0].revents != 0) return std::nullopt;
    if (ready == 0)
      return Error{"the box could not be made within " + duration_text(*patience.limit),
                   "look for a path of the box on a server that does not answer (NFS, FUSE)"};
    if (patience.is_asked_to_end()) return Error{"stepbox was asked to end while it made the box"};
  }
}

std::expected<void, StartFailure> Box::await_step(const Plan& plan, std::chrono::steady_clock::time_point begin,
                                                  const Patience& patience) {
  for (;;) {
    if (std::optional<Error> over = await_word(patience)) {
      tear_down();
      return std::unexpected(StartFailure{std::move(*over)});
    }
    const std::optional<BoxEvent> event = next_event();
    if (!event) {
      const int status = tear_down();
      return std::unexpected(StartFailure{early_end_text(plan, "the box's init", status)});
    }
    const Message& message = event->message;
    if (message.kind == Kind::executing) {
      // The steady clock is CLOCK_MONOTONIC. A time namespace that contains only stepbox's children, or a user's
      // filter that refuses to tell the time, must neither end the step at once nor remove its limit.
      const std::chrono::steady_clock::time_point told(std::chrono::nanoseconds(message.at));
      started_ = std::clamp(told, begin, std::chrono::steady_clock::now());
      parent_of_step_ = message.value;
      return {};
    }
    // Without a box, the subreaper then waits for its dismissal, so no end of file would ever follow.
    if (message.kind == Kind::ended) {
      tear_down();
      return std::unexpected(StartFailure{early_end_text(plan, "the step's process", message.value)});
    }
    if (message.kind == Kind::volumes) take_views(plan.files.volumes.size());
    if (message.kind == Kind::weakened) weaknesses_.push_back(message);
    if (message.kind != Kind::failed) continue;
    tear_down();
    return std::unexpected(StartFailure{failure_text(plan, message.stage, message.index, message.error),
                                        is_shift_refused(plan, message), is_overlay_refused(plan, message)});
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
  if (received.head.kind == Kind::executing && count == 1) {
    listener_ = std::move(volumes_.back());
    volumes_.pop_back();
  }
  BoxEvent event{received.head, std::nullopt};
  if (received.head.kind == Kind::ended && bytes == static_cast<ssize_t>(sizeof received)) {
    event.ending = received.ending;
    has_ended_ = true;
  }
  return event;
}

// The descriptors after those of the volumes belong to the overlays, two to each.
void Box::take_views(size_t volumes) {
  for (size_t i = volumes; i + 1 < volumes_.size(); i += 2) views_.push_back({std::move(volumes_[i]), std::move(volumes_[i + 1])});
  volumes_.resize(std::min(volumes, volumes_.size()));
}

// A stopped init does not read. It must not block the supervisor, which has deadlines to keep.
void Box::order(const Message& message) {
  if (send_or_drop(channel_.get(), message) && continues_step(message)) ++continued_;
}

void Box::send_signal(int signal, Whom whom) {
  order({.kind = Kind::signal, .index = static_cast<int32_t>(whom), .value = signal});
}

sys::SignalSet Box::heard_by_parent() const { return sys::pending_signals(processes_.get(), parent_of_step_); }

void Box::resume(GiveTerminal give) { order({.kind = Kind::resume, .value = give == GiveTerminal::yes ? 1 : 0}); }

void Box::kill_all() { order({.kind = Kind::kill}); }

void Box::renew_witness() {
  witness_ = sys::Witness();
  witness_ = sys::Witness::start(init_);
  drop_doubtful_witness();
}

void Box::renew_witness_apart(const std::vector<std::string>& without_variables) {
  witness_ = sys::Witness();
  witness_ = sys::Witness::start_apart(init_, without_variables);
  drop_doubtful_witness();
}

// A witness that has heard something would make a signal to the caller's group look like one that the step has got
// too. Without a witness the step gets the signal, at worst twice.
void Box::drop_doubtful_witness() {
  if (witness_.heard() != 0) witness_ = sys::Witness();
}

int Box::tear_down() {
  if (init_ < 0) return 0;
  // The witness must go with the box: it may be in a group that is to be removed.
  witness_.kill();
  if (bounds_ == Bounds::descendants) {
    end_descendants();
    return 0;
  }
  // Init exits at the end of file. SIGKILL is for an init that cannot.
  channel_.close();
  processes_.close();
  ::kill(init_, SIGKILL);
  return await_init();
}

// The subreaper kills the step's processes, and stays for the directory. If it does not answer or is gone, its keeper
// takes over.
void Box::end_descendants() {
  constexpr int kPatience = 15'000;
  if (!has_ended_) kill_all();
  witness_ = sys::Witness();
  while (!has_ended_) {
    pollfd answer{channel_.get(), POLLIN, 0};
    if (::poll(&answer, 1, kPatience) > 0 && next_event()) continue;
    release_keeper();
    return;
  }
}

// Subreaper and keeper exit at the end of file. The step has the keeper's user and may have stopped it, or the keeper
// may be waiting for this SIGCONT (subreaper.cpp). Another SIGCONT or a stop may swallow ours, so it is sent until
// the keeper is gone.
void Box::release_keeper() {
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 200'000};
  channel_.close();
  int status = 0;
  for (;;) {
    ::kill(init_, SIGCONT);
    const pid_t gone = ::waitpid(init_, &status, WNOHANG | __WALL);
    if (gone == init_ || (gone < 0 && errno == ECHILD)) break;
    ::nanosleep(&kMoment, nullptr);
  }
  init_ = -1;
  has_survivors_ = WIFEXITED(status) && WEXITSTATUS(status) != 0;
}

int Box::await_init() {
  witness_ = sys::Witness();
  int status = 0;
  while (::waitpid(init_, &status, __WALL) < 0 && errno != ECHILD) {}
  init_ = -1;
  return status;
}

void Box::release() {
  if (init_ >= 0) release_keeper();
  processes_.close();
  views_.clear();
  volumes_.clear();
}

Box::~Box() {
  tear_down();
  release();
}

}  // namespace stepbox::sandbox
