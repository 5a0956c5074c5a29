#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <linux/capability.h>

#include "sandbox/channel.hpp"
#include "sandbox/credentials.hpp"
#include "sandbox/mounts.hpp"
#include "sandbox/processes.hpp"
#include "sys/calls.hpp"

namespace stepbox::sandbox {
namespace {

// The last id of the slice: nobody outside, and beyond what is mapped into the step's namespace, so that the
// step cannot become the same user.
constexpr uint32_t kInitId = 131'071;

int error_of(long result) { return result < 0 ? errno : 0; }

class Init {
 public:
  Init(const Prepared& prepared, int channel, int terminal)
      : prepared_(prepared), channel_(channel), terminal_(terminal) {}

  [[noreturn]] void run();

 private:
  void require(Stage stage, int error, int index = 0) const {
    if (error == 0) return;
    send_message(channel_, {.kind = Kind::failed, .stage = stage, .index = index, .error = error});
    ::_exit(0);
  }
  // A step that is gone has failed, and has told so itself, or was killed: then the end of the channel tells it.
  void require_step(int error) const {
    if (error == EPIPE) ::_exit(0);
    require(Stage::step_clone, error);
  }
  bool shifted() const { return prepared_.plan.identity.isolation == UidIsolation::shifted; }
  // An ordinary user's init is in the namespace of the step already.
  bool step_has_namespace() const { return prepared_.plan.identity.isolation != UidIsolation::mapped; }

  void enter_groups() const;
  void map_own_ids();
  void open_proc();
  void bound_shared_memory() const;
  void clone_step();
  void map_ids_of_step();
  void make_workspace();
  void make_rest();
  void build(size_t first, size_t last);
  void raise_loopback();
  void hand_over_volumes();
  void release_step() const;
  void show_root_to_step() const;
  void await_step() const;
  void drop_descriptors();
  void drop_privileges();
  void open_signals();
  void start_clock();
  [[noreturn]] void serve();
  void obey();
  void reap();
  [[noreturn]] void take_step();
  [[noreturn]] void expire();
  [[noreturn]] void end(int status);
  static bool everyone_ends_soon();
  uint32_t list_strays(StrayRecord* strays) const;

  const Prepared& prepared_;
  const int channel_;
  const int terminal_;
  MountContext context_;
  pid_t step_ = -1;
  int go_[2] = {-1, -1};
  int step_handle_ = -1;  // a pidfd
  int processes_ = -1;    // the box's /proc, opened before a step could cover it
  int signals_ = -1;
  int clock_ = -1;  // readable when the step's time is over; -1 without a limit
  bool step_is_stopped_ = false;
  bool has_expired_ = false;
};

void Init::run() {
  // The end of file on the channel is the second tie, for a supervisor that died before this line.
  tie_to_supervisor();
  enter_groups();
  if (prepared_.plan.identity.isolation == UidIsolation::mapped) map_own_ids();
  open_proc();
  clone_step();
  if (step_has_namespace()) map_ids_of_step();
  release_step();  // its ids are mapped: it may cut its privileges while the box is made
  bound_shared_memory();
  if (prepared_.plan.deny_nesting || prepared_.plan.deny_cgroup_namespaces) await_step();
  make_workspace();
  show_root_to_step();  // it makes the directories of its caches in the meantime
  make_rest();
  if (prepared_.plan.network == NetworkMode::loopback) raise_loopback();
  hand_over_volumes();
  // Everything that can fail, and everything that gives init its last shape, comes before the step runs: it
  // could take init's limits away, or hold on to an init that still has privileges.
  drop_descriptors();
  drop_privileges();
  open_signals();
  start_clock();
  release_step();  // the box is made: it may enter it
  ::close(go_[1]);
  serve();
}

// By writing 0 to "tasks": who moves itself, and one thread only, does not wait for every other process of the host
// to pass a safe point, which takes 15 ms (kernel: cgroup_procs_write_start()).
void Init::enter_groups() const {
  if (prepared_.groups.is_empty()) return;
  for (const int tasks : prepared_.groups.tasks) require(Stage::groups, ::write(tasks, "0", 1) == 1 ? 0 : errno);
  require(Stage::groups, error_of(::unshare(CLONE_NEWCGROUP)));
}

void Init::map_own_ids() {
  // Without giving up setgroups first, an unprivileged process may not map its group (user_namespaces(7)).
  require(Stage::user_map, write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny", 4));
  require(Stage::user_map, write_file_at(AT_FDCWD, "/proc/self/uid_map", prepared_.uid_map.data(), prepared_.uid_map.size()));
  require(Stage::user_map, write_file_at(AT_FDCWD, "/proc/self/gid_map", prepared_.gid_map.data(), prepared_.gid_map.size()));
}

// Made before it is mounted: the step's maps are written through it, under the pids of the box.
void Init::open_proc() {
  const int context = sys::fsopen("proc");
  int error = error_of(context);
  if (error == 0) error = error_of(sys::fsconfig_create(context));
  if (error == 0) {
    context_.proc = sys::fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    error = error_of(context_.proc);
  }
  if (error != 0) {
    int index = 0;
    for (const MountCall& call : prepared_.plan.mounts) {
      if (call.act == MountAct::proc) break;
      ++index;
    }
    require(Stage::mount, error, index);
  }
  ::close(context);
}

void Init::clone_step() {
  require(Stage::step_clone, error_of(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go_)));
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.flags = CLONE_PIDFD | (step_has_namespace() ? CLONE_NEWUSER : 0);
  arguments.pidfd = reinterpret_cast<uint64_t>(&step_handle_);
  step_ = sys::clone3(arguments);
  if (step_ == 0) {
    ::close(go_[1]);
    be_step(prepared_, channel_, terminal_, go_[0]);
  }
  require(Stage::step_clone, error_of(step_));
  ::close(go_[0]);
}

void Init::map_ids_of_step() {
  char path[64];
  const auto of_step = [&](const char* name) {
    std::snprintf(path, sizeof path, "%d/%s", static_cast<int>(step_), name);
    return path;
  };
  require(Stage::step_map, write_file_at(context_.proc, of_step("uid_map"), prepared_.uid_map.data(), prepared_.uid_map.size()));
  require(Stage::step_map, write_file_at(context_.proc, of_step("gid_map"), prepared_.gid_map.data(), prepared_.gid_map.size()));
  context_.user_namespace = ::openat(context_.proc, of_step("ns/user"), O_RDONLY | O_CLOEXEC);
  require(Stage::step_map, error_of(context_.user_namespace));
}

void Init::release_step() const {
  const char byte = 'g';
  require_step(::write(go_[1], &byte, 1) == 1 ? 0 : errno);
}

// The step lowers limits through the host's /proc, which must still be there: the box's own may be sealed.
void Init::await_step() const {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(go_[1], &byte, 1);
  } while (got < 0 && errno == EINTR);
  require_step(got == 1 ? 0 : EPIPE);
}

void Init::make_workspace() {
  // Nothing that is mounted here may travel to the host, nor its mounts to here.
  require(Stage::private_mounts, error_of(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr)));
  ::umask(0);
  build(0, prepared_.plan.mounts_before_caches);
}

void Init::show_root_to_step() const {
  char byte = 'r';
  iovec part{&byte, 1};
  require_step(send_with_descriptors(go_[1], part, &context_.root, 1));
}

void Init::make_rest() {
  build(prepared_.plan.mounts_before_caches, prepared_.plan.mounts.size());
  require(Stage::pivot, enter_root(context_.root));
}

void Init::build(size_t first, size_t last) {
  const MountFailure failure = build_mounts(prepared_, context_, first, last);
  require(failure.stage, failure.error, failure.index);
}

// System V segments are memory outside every volume: as much as the workspace at the most, and gone with their last
// user instead of with the namespace, which the kernel frees a while after the box has ended. The settings belong to
// real root (proc(5)); an ordinary user's box has the kernel's defaults. Before the mounts: where the host's uid 0 is
// in the box, its /proc gets read-only.
void Init::bound_shared_memory() const {
  if (prepared_.plan.identity.isolation == UidIsolation::mapped) return;
  constexpr uint64_t kPage = 4096;
  char pages[32];
  const int length = std::snprintf(pages, sizeof pages, "%llu", static_cast<unsigned long long>(prepared_.plan.volumes[0].bytes / kPage));
  // A kernel without System V IPC has neither file.
  (void)write_file_at(context_.proc, "sys/kernel/shmall", pages, static_cast<size_t>(length));
  (void)write_file_at(context_.proc, "sys/kernel/shm_rmid_forced", "1", 1);
}

void Init::raise_loopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  require(Stage::loopback, error_of(fd));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  require(Stage::loopback, error_of(::ioctl(fd, SIOCSIFFLAGS, &request)));
  ::close(fd);
}

// The supervisor measures the volumes, while the step runs and after everything in the box is dead.
void Init::hand_over_volumes() {
  int fds[kMaxDescriptors];
  size_t count = 0;
  for (const int fd : context_.volumes)
    if (fd >= 0) fds[count++] = fd;
  // And what the processes do, when a deadline is over.
  fds[count++] = context_.proc;
  Message message{.kind = Kind::volumes};
  iovec part{&message, sizeof message};
  require(Stage::mount, send_with_descriptors(channel_, part, fds, count));
}

// Init keeps nothing worth stealing: the channel, the terminal, and handles of its own box.
void Init::drop_descriptors() {
  processes_ = ::openat(context_.proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  require(Stage::init_privileges, error_of(processes_));
  int kept[] = {channel_, terminal_, go_[1], step_handle_, processes_};
  std::ranges::sort(kept);
  int next = 0;
  for (const int fd : kept) {
    if (fd > next) require(Stage::init_privileges, error_of(sys::close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd - 1), 0)));
    next = std::max(next, fd + 1);
  }
  require(Stage::init_privileges, error_of(sys::close_range(static_cast<unsigned>(next), ~0U, 0)));
}

void Init::drop_privileges() {
  const Identity& identity = prepared_.plan.identity;
  // The host's uid 0 is not in the box.
  if (shifted())
    require(Stage::init_privileges,
            become_keeping_capabilities(identity.owner_uid + kInitId, identity.owner_gid + kInitId));
  // A step that is root in its namespace may change its uid, and must still hear its signals.
  require(Stage::init_privileges, keep_capabilities(uint64_t{1} << CAP_KILL));
  require(Stage::init_privileges, error_of(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
  // The step may be the same user; what is not dumpable it can neither trace nor read (ptrace(2)).
  require(Stage::init_privileges, error_of(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)));
  tie_to_supervisor();
}

void Init::open_signals() {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  signals_ = ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  require(Stage::init_privileges, error_of(signals_));
  // A supervisor that is stopped does not read; the box ends with init all the same.
  constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
  require(Stage::init_privileges,
          error_of(::setsockopt(channel_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience)));
}

// A second copy of the time limit, for a supervisor that is stopped and cannot keep the first. It has the grace to do
// so, and a while more.
void Init::start_clock() {
  constexpr int64_t kWhile = 5'000;
  const Deadlines& deadlines = prepared_.plan.deadlines;
  if (!deadlines.timeout.value) return;
  const int64_t milliseconds = deadlines.timeout.value->count() + deadlines.grace.value.count() + kWhile;
  itimerspec when{};
  when.it_value = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
  clock_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  require(Stage::init_privileges, error_of(clock_));
  require(Stage::init_privileges, error_of(::timerfd_settime(clock_, 0, &when, nullptr)));
}

void Init::serve() {
  // poll(2) passes over a negative descriptor.
  pollfd watched[] = {{channel_, POLLIN, 0}, {step_handle_, POLLIN, 0}, {signals_, POLLIN, 0}, {clock_, POLLIN, 0}};
  for (;;) {
    if (::ppoll(watched, 4, nullptr, nullptr) < 0) continue;
    // The channel's end of file is the supervisor's death: leave, and the kernel kills the box.
    if ((watched[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) obey();
    // The step's end comes before its orphans': they may go on coming for ever.
    if ((watched[1].revents & POLLIN) != 0) take_step();
    if ((watched[3].revents & POLLIN) != 0) expire();
    if ((watched[2].revents & POLLIN) != 0) reap();
  }
}

void Init::obey() {
  Message message{};
  const ssize_t got = ::recv(channel_, &message, sizeof message, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got != static_cast<ssize_t>(sizeof message)) ::_exit(0);
  if (message.kind == Kind::signal) {
    ::kill(step_, message.value);
    // A stopped step would not hear of it until somebody continues it.
    const bool ends = message.value == SIGTERM || message.value == SIGINT || message.value == SIGHUP || message.value == SIGQUIT;
    if (ends && step_is_stopped_) {
      ::kill(step_, SIGCONT);
      ::kill(-step_, SIGCONT);
    }
  } else if (message.kind == Kind::resume) {
    if (terminal_ >= 0 && message.value == 1) ::tcsetpgrp(terminal_, step_);
    ::kill(-step_, SIGCONT);
    step_is_stopped_ = false;
  } else if (message.kind == Kind::kill) {
    ::kill(-1, SIGKILL);
  }
}

// Orphans, and the step's stops. A bounded number at a time: the step may make them faster than they can be
// reaped, and its end and the supervisor's orders must be seen all the same.
void Init::reap() {
  signalfd_siginfo ignored[8];
  while (::read(signals_, ignored, sizeof ignored) > 0) {}
  int status = 0;
  for (int i = 0; i < 256; ++i) {
    siginfo_t child{};
    // Looked at first: the step's own status is left for take_step().
    if (::waitid(P_ALL, 0, &child, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT | __WALL) != 0 || child.si_pid == 0) return;
    const bool is_end = child.si_code == CLD_EXITED || child.si_code == CLD_KILLED || child.si_code == CLD_DUMPED;
    if (child.si_pid == step_ && is_end) return;
    if (::waitpid(child.si_pid, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL) != step_) continue;
    step_is_stopped_ = WIFSTOPPED(status);
    // A step that stops again and again must not fill the channel to a stopped supervisor, and hold init there.
    if (step_is_stopped_) send_or_drop(channel_, {.kind = Kind::stopped, .value = WSTOPSIG(status)});
  }
  // More to come: be woken again.
  ::kill(::getpid(), SIGCHLD);
}

// The step has ended. A process that traces it can keep its status back; then everybody else is ended first.
void Init::take_step() {
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 1'000'000};
  int status = 0;
  for (int i = 0; i < 10; ++i) {
    if (::waitpid(step_, &status, WNOHANG | __WALL) == step_) end(status);
    ::nanosleep(&kMoment, nullptr);
  }
  ::kill(-1, SIGKILL);
  while (::waitpid(step_, &status, __WALL) < 0 && errno == EINTR) {}
  end(status);
}

void Init::expire() {
  has_expired_ = true;
  send_or_drop(channel_, {.kind = Kind::expired});
  ::kill(-1, SIGKILL);
  take_step();
}

// Tells how the step ended and who is left. What is left dies with init: the kernel kills every process
// of a pid namespace whose init has ended (pid_namespaces(7)).
void Init::end(int status) {
  EndedMessage message{};
  message.head = {.kind = Kind::ended, .value = status};
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  message.ending.user_microseconds = usage.ru_utime.tv_sec * 1'000'000 + usage.ru_utime.tv_usec;
  message.ending.system_microseconds = usage.ru_stime.tv_sec * 1'000'000 + usage.ru_stime.tv_usec;
  message.ending.max_rss_kib = usage.ru_maxrss;
  // No child means no process: every orphan of the box is init's child.
  if (!everyone_ends_soon()) message.ending.stray_count = list_strays(message.ending.strays);
  ssize_t sent = 0;
  do {
    // A supervisor that has let the time limit pass is not waited for.
    sent = ::send(channel_, &message, sizeof message, MSG_NOSIGNAL | (has_expired_ ? MSG_DONTWAIT : 0));
  } while (sent < 0 && errno == EINTR);
  ::_exit(0);
}

// A process that is just ending is no stray: the helpers of a nested sandbox end a moment after it.
bool Init::everyone_ends_soon() {
  constexpr int kMoments = 10;
  constexpr int kAtATime = 256;
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 1'000'000};
  for (int i = 0; i < kMoments; ++i) {
    pid_t gone = 1;
    for (int n = 0; n < kAtATime && gone > 0; ++n) gone = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    if (gone < 0) return true;
    ::nanosleep(&kMoment, nullptr);
  }
  return false;
}

uint32_t Init::list_strays(StrayRecord* strays) const {
  const int proc = processes_;
  uint32_t count = 0;
  alignas(dirent64) char buffer[8192];
  for (long got = 0; (got = ::syscall(SYS_getdents64, proc, buffer, sizeof buffer)) > 0;) {
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      int pid = 0;
      for (const char* c = entry->d_name; *c >= '0' && *c <= '9'; ++c) pid = pid * 10 + (*c - '0');
      if (pid <= 1) continue;
      if (count < kMaxStrays) {
        strays[count].pid = pid;
        char path[64];
        std::snprintf(path, sizeof path, "%d/comm", pid);
        const int comm = ::openat(proc, path, O_RDONLY | O_CLOEXEC);
        const ssize_t length = ::read(comm, strays[count].comm, sizeof strays[count].comm);
        // The kernel ends it with a newline.
        strays[count].comm[length > 0 ? length - 1 : 0] = '\0';
        ::close(comm);
      }
      ++count;
    }
  }
  return count;
}

}  // namespace

void be_init(const Prepared& prepared, int channel, int terminal) { Init(prepared, channel, terminal).run(); }

}  // namespace stepbox::sandbox
