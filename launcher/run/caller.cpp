#include "run/caller.hpp"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>

#include "base/text.hpp"

namespace stepbox::run {
namespace {

bool is_directory(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// The caller left the descriptor open for a child. Stepbox's own descriptors all close at execve.
bool is_inherited(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

// Also requires a pipe or socket, as the protocols use. A stale number in MAKEFLAGS may by now be any file.
bool is_inherited_stream(int fd) {
  struct stat status {};
  return is_inherited(fd) && ::fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "--jobserver-auth=3,4" (GNU make 4.2), "--jobserver-fds=3,4" before. The last one counts.
void add_jobserver(const HostFacts& facts, std::vector<InheritedFd>& found) {
  const std::string flags = facts.variable("MAKEFLAGS").value_or("");
  for (const std::string_view mark : {"--jobserver-auth=", "--jobserver-fds="}) {
    const size_t at = flags.rfind(mark);
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(flags).substr(at + mark.size());
    for (const std::string_view part : split(rest.substr(0, rest.find(' ')), ','))
      if (const auto fd = number(part); fd && *fd > 2 && is_inherited_stream(*fd)) found.push_back({*fd, "jobserver of make (MAKEFLAGS)"});
    return;
  }
}

// sd_listen_fds(3): LISTEN_FDS descriptors from 3 on, for the process LISTEN_PID.
void add_listen_fds(const HostFacts& facts, std::vector<InheritedFd>& found) {
  const auto pid = facts.variable("LISTEN_PID");
  const auto count = number(facts.variable("LISTEN_FDS").value_or("0"));
  if (!pid || number(*pid) != ::getpid() || !count) return;
  for (int fd = 3; fd < 3 + std::min(*count, 1024); ++fd)
    if (is_inherited(fd)) found.push_back({fd, "socket activation (LISTEN_FDS)"});
}

void add_pmi(const HostFacts& facts, std::vector<InheritedFd>& found) {
  const auto fd = number(facts.variable("PMI_FD").value_or(""));
  if (fd && *fd > 2 && is_inherited_stream(*fd)) found.push_back({*fd, "process manager of MPI (PMI_FD)"});
}

}  // namespace

sandbox::CallerState take_over_signals() {
  sandbox::CallerState caller{};
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &caller.mask);
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &plain, &caller.child_action);
  return caller;
}

namespace {

constexpr int kAsking[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Result<SignalQueue> SignalQueue::open(const sandbox::CallerState& caller) {
  SignalQueue queue;
  queue.blocked_by_caller_ = caller.mask;
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : kAsking) sigaddset(&watched, signal);
  queue.fd_ = sys::Fd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!queue.fd_) return fail_errno("cannot wait for signals", errno);
  return queue;
}

bool SignalQueue::is_asked_to_end() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : kAsking)
    if (!is_ignored(signal) && ::sigismember(&blocked_by_caller_, signal) != 1) sigaddset(&watched, signal);
  ::signalfd(fd_.get(), &watched, 0);
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return false;
  asked_by_ = static_cast<int>(info.ssi_signo);
  return true;
}

Terminal Terminal::of_caller() {
  Terminal terminal;
  sys::Fd fd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!fd) return terminal;
  for (const int standard : {0, 1, 2}) {
    char path[256];
    if (terminal.path_.empty() && ::isatty(standard) && ::ttyname_r(standard, path, sizeof path) == 0) terminal.path_ = path;
  }
  terminal.fd_ = std::move(fd);
  return terminal;
}

// Works from the background too, since SIGTTOU is blocked like every signal.
void Terminal::take_back() const {
  if (fd_) ::tcsetpgrp(fd_.get(), ::getpgrp());
}

bool Terminal::is_ours() const { return fd_ && ::tcgetpgrp(fd_.get()) == ::getpgrp(); }

Result<> fill_standard_descriptors() {
  for (const int fd : {0, 1, 2}) {
    if (is_open(fd)) continue;
    // open(2) returns the lowest free number, which is the closed one.
    if (::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0)
      return fail_errno("cannot open /dev/null in the place of the closed descriptor " + std::to_string(fd), errno);
  }
  return {};
}

Result<std::vector<InheritedFd>> inherited_descriptors(const HostFacts& facts, const std::vector<int>& named) {
  for (const int fd : {0, 1, 2})
    if (is_directory(fd))
      return fail("descriptor " + std::to_string(fd) + " is a directory, through which the step could leave the box",
                  "redirect it from or to a file, a pipe or /dev/null");
  std::vector<InheritedFd> found;
  add_jobserver(facts, found);
  add_listen_fds(facts, found);
  add_pmi(facts, found);
  for (const int fd : named) {
    if (!is_inherited(fd)) return fail("--pass-fd " + std::to_string(fd) + ": that descriptor is not open");
    if (is_directory(fd))
      return fail("--pass-fd " + std::to_string(fd) + ": that is a directory, through which the step could leave the box");
    if (fd > 2) found.push_back({fd, "--pass-fd"});
  }
  std::erase_if(found, [](const InheritedFd& inherited) { return is_directory(inherited.fd); });
  std::ranges::stable_sort(found, {}, &InheritedFd::fd);
  const auto same = std::ranges::unique(found, {}, &InheritedFd::fd);
  found.erase(same.begin(), same.end());
  return found;
}

}  // namespace stepbox::run
