#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "sandbox/channel.hpp"
#include "sandbox/credentials.hpp"
#include "sandbox/landlock.hpp"
#include "sandbox/mounts.hpp"
#include "sandbox/processes.hpp"
#include "sandbox/seccomp.hpp"
#include "sys/calls.hpp"
#include "sys/descriptors.hpp"

namespace stepbox::sandbox {
namespace {

using sys::error_of;

// Sends the failed stage and ends the step. The supervisor writes the sentence. If the message cannot be sent, its
// errno becomes the exit code (early_end_text()).
class Reporter {
 public:
  explicit Reporter(int channel) : channel_(channel) {}
  void require(Stage stage, int error, int index = 0) const {
    if (error != 0) ::_exit(tell(stage, error, index) ? 0 : errno);
  }
  bool tell(Stage stage, int error, int index = 0) const {
    return send_message(channel_, {.kind = Kind::failed, .stage = stage, .index = index, .error = error});
  }

 private:
  int channel_;
};

// False when init is gone; then the kernel is about to end this process too.
bool wait_for_init(int go) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(go, &byte, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

// Receives the root below which the step makes its cache directories.
int receive_root(int go) {
  char byte = 0;
  int fds[kMaxDescriptors];
  const Received received = receive_with_descriptors(go, {&byte, 1}, fds);
  if (received.count != 1) ::_exit(0);  // init is gone
  return fds[0];
}

// The step does this itself, while init mounts the rest of the box.
MountFailure make_directories(const Plan& plan, int root) {
  const mode_t mask = ::umask(0);
  const MountFailure failure = make_cache_directories(plan, root);
  ::umask(mask);
  return failure;
}

// Init waits for this byte when it must not go on too early. If init is gone, the kernel ends this process.
void tell_init(int go) {
  const char byte = 'r';
  [[maybe_unused]] const ssize_t ignored = ::write(go, &byte, 1);
}

// Starts a separate process group: a signal to the caller's group then reaches the step once, through the supervisor,
// and a Ctrl-C at the terminal reaches the step and not stepbox.
int start_group() { return error_of(::setpgid(0, 0)); }

int take_terminal(int terminal) {
  // Works from the background too, since SIGTTOU is blocked like every signal (tcsetpgrp(3)).
  return terminal < 0 ? 0 : error_of(::tcsetpgrp(terminal, ::getpid()));
}

// A core handler of the host must not get the step's memory: a pipe handler gives up at a limit of exactly 1, and no
// file fits into that (kernel: fs/coredump.c; 0 would still start the handler).
int limit_cores() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return errno;
  limit.rlim_cur = limit.rlim_max = limit.rlim_max == 0 ? 0 : 1;
  return error_of(::setrlimit(RLIMIT_CORE, &limit));
}

// Only lowers limits: a policy does not widen a limit that the caller already has.
int lower_limits(const std::vector<ProcessLimitSpec>& limits) {
  for (const ProcessLimitSpec& wanted : limits) {
    const auto resource = static_cast<__rlimit_resource>(wanted.resource);
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0) return errno;
    if (limit.rlim_max <= wanted.value) continue;
    limit.rlim_max = wanted.value;
    limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(resource, &limit) != 0) return errno;
  }
  return 0;
}

// If the host runs out of memory, its killer takes the step before the supervisor and init, which keep the caller's
// score. Raising the score needs no privilege. If a container's /proc is read-only, the killer goes by size, which
// also points at the step.
void offer_to_oom_killer() {
  constexpr const char* kScore = "/proc/self/oom_score_adj";
  constexpr int kAbove = 500;
  constexpr int kMost = 1000;
  char text[16] = {};
  const int fd = ::open(kScore, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  if (::read(fd, text, sizeof text - 1) > 0) {
    const int length = std::snprintf(text, sizeof text, "%d", std::min(std::atoi(text) + kAbove, kMost));
    [[maybe_unused]] const ssize_t ignored = ::pwrite(fd, text, static_cast<size_t>(length), 0);
  }
  ::close(fd);
}

int new_keyring() {
  const int error = error_of(sys::join_new_session_keyring());
  // A kernel without keyrings has nothing to protect, and a container's filter that answers EPERM protects them.
  return error == ENOSYS || error == EPERM ? 0 : error;
}

// Sets a limit of the step's own user namespace to 0. Right after, the step loses the capability to raise it again
// (namespaces(7): /proc/sys/user, writable with CAP_SYS_RESOURCE).
int deny(const char* limit) { return write_file_at(AT_FDCWD, limit, "0", 1); }

// Makes execve close every descriptor above 2 except those that the plan passes on.
int keep_descriptors(const std::vector<int>& passed) {
  if (const int error = sys::close_on_exec_from(3); error != 0) return error;
  for (const int fd : passed)
    if (::fcntl(fd, F_SETFD, 0) != 0) return errno;
  return 0;
}

void restore_signals(const CallerState& caller) {
  ::sigaction(SIGCHLD, &caller.child_action, nullptr);
  ::sigprocmask(SIG_SETMASK, &caller.mask, nullptr);
}

struct ExecFailure {
  int error = ENOENT;
  int present = -1;  // the first program that exists although execve says ENOENT
};

// As in execvp(3): runs the first program that starts. "Permission denied" is the answer only if no other one was
// found.
ExecFailure execute(const Prepared& prepared) {
  ExecFailure failure;
  for (const char* program : prepared.programs) {
    ::execve(program, prepared.argv.data(), prepared.environment.data());
    if (errno == ENOEXEC) {
      // A script without "#!" runs in the shell, as with every shell and env(1).
      auto* arguments = const_cast<char**>(prepared.shell_argv.data());
      arguments[1] = const_cast<char*>(program);
      ::execve("/bin/sh", arguments, prepared.environment.data());
      return {.error = errno};
    }
    if (errno == EACCES) failure.error = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR) return {.error = errno};
  }
  // Checked only now, so that a command that is found does not pay for it.
  for (size_t i = 0; failure.error == ENOENT && failure.present < 0 && i < prepared.programs.size(); ++i)
    if (::access(prepared.programs[i], F_OK) == 0) failure.present = static_cast<int>(i);
  return failure;
}

// Without this message the supervisor would think that the step never ran. The filter in log mode comes this late
// because every call that it would refuse waits for the supervisor, which gets the listener with this message.
void tell_supervisor(const Prepared& prepared, const Reporter& reporter, int channel, pid_t parent) {
  Message message{.kind = Kind::executing, .value = parent, .at = monotonic_nanoseconds()};
  if (prepared.log_program.empty()) {
    if (!send_message(channel, message)) ::_exit(errno);
    return;
  }
  const int listener = load_log_filter(prepared.log_program);
  reporter.require(Stage::seccomp, error_of(listener));
  if (const int error = send_with_descriptors(channel, {&message, sizeof message}, &listener, 1); error != 0) ::_exit(error);
}

// Applies the last restrictions. `root` is open on the box's root, or on the step's directory without a box.
void restrain(const Prepared& prepared, const Reporter& reporter, int root) {
  const LandlockFailure held = enter_landlock(prepared.plan, root);
  reporter.require(held.index < 0 ? Stage::landlock : Stage::writes, held.error, held.index);
  ::close(root);
  if (!prepared.plan.confinement.seccomp_log) reporter.require(Stage::seccomp, load_filter(*prepared.plan.confinement.seccomp));
}

}  // namespace

void be_step(const Prepared& prepared, int channel, int terminal, int go) {
  const Reporter reporter(channel);
  const Identity& identity = prepared.plan.identity;
  // Asks now, because a seccomp profile may refuse getppid(2).
  const pid_t parent = ::getppid();
  reporter.require(Stage::session, start_group());
  reporter.require(Stage::limits, limit_cores());
  // The host's /proc is still visible here, and the step has the caller's ids.
  offer_to_oom_killer();
  reporter.require(Stage::keyring, new_keyring());
  if (!wait_for_init(go)) ::_exit(0);
  // An id mapped to itself needs no change.
  if (identity.isolation == UidIsolation::shifted)
    reporter.require(Stage::credentials, become(identity.uid, identity.gid));
  if (prepared.plan.confinement.deny_nesting) reporter.require(Stage::nesting, deny("/proc/sys/user/max_user_namespaces"));
  if (prepared.plan.confinement.deny_cgroup_namespaces) reporter.require(Stage::nesting, deny("/proc/sys/user/max_cgroup_namespaces"));
  if (prepared.plan.confinement.deny_nesting || prepared.plan.confinement.deny_cgroup_namespaces) tell_init(go);
  // In the host's user namespace the caller may lack the right to cut the bounding set; with no_new_privs, which
  // comes next, an execve gains nothing from that set (capabilities(7)).
  const uint64_t kept = prepared.kept_capabilities;
  const bool may_cut = identity.isolation != UidIsolation::none || (kept >> CAP_SETPCAP & 1) != 0;
  reporter.require(Stage::capabilities, may_cut ? cut_capabilities(kept) : keep_capabilities(kept));
  reporter.require(Stage::capabilities, error_of(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
  reporter.require(Stage::descriptors, keep_descriptors(prepared.plan.step.passed_fds));
  const int root = receive_root(go);
  const MountFailure made = make_directories(prepared.plan, root);
  reporter.require(made.stage, made.error, made.index);
  // After the directories, since the restrictions may refuse the calls that make them. Sockets that the step may use
  // exist only in the complete box.
  const bool needs_box = !prepared.plan.confinement.open_sockets.empty();
  if (!needs_box) restrain(prepared, reporter, root);
  // If its parent is killed together with the keeper, nothing else would end this process. Comes after the change of
  // capabilities, which would cancel it (prctl(2)), and before the parent's next message, which proves that the
  // parent is still alive.
  if (prepared.plan.confinement.isolation != Isolation::full) tie_to_parent();
  // From here on the box is complete, and paths are the step's.
  if (!wait_for_init(go)) ::_exit(0);
  if (needs_box) restrain(prepared, reporter, root);
  reporter.require(Stage::directory, error_of(::chdir(prepared.plan.step.cwd.c_str())));
  reporter.require(Stage::terminal, take_terminal(prepared.caller.has_foreground ? terminal : -1));
  // Last, because a limit on descriptors would hinder the lines above.
  reporter.require(Stage::limits, lower_limits(prepared.plan.limits.process_limits));
  tell_supervisor(prepared, reporter, channel, parent);
  if (prepared.listen_pid != nullptr) std::snprintf(prepared.listen_pid, kPidText.size() + 1, "%d", static_cast<int>(::getpid()));
  restore_signals(prepared.caller);
  const ExecFailure refused = execute(prepared);
  reporter.tell(Stage::exec, refused.error, refused.present);
  // If the message was not sent, the exit code says it, as a shell's does.
  ::_exit(refused.error == ENOENT ? 127 : 126);
}

}  // namespace stepbox::sandbox
