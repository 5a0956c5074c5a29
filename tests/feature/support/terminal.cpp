#include "support/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include "support/child.hpp"
#include "support/host.hpp"

namespace stepbox::feature {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void be_program(const Command& command, int terminal) {
  using in_child::must;
  if (suite_is_root()) must(::fchown(terminal, uid_of(command.caller), gid_of(command.caller)) == 0, "fchown");
  must(::login_tty(terminal) == 0, "login_tty");
  if (command.prepare) command.prepare();
  become(command.caller);
  must(::chdir(command.cwd.c_str()) == 0, "chdir");
  std::vector<char*> argv, environment;
  for (const std::string& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& entry : command.environment) environment.push_back(const_cast<char*>(entry.c_str()));
  argv.push_back(nullptr);
  environment.push_back(nullptr);
  ::execvpe(argv[0], argv.data(), environment.data());
  must(false, "execvpe");
  ::_exit(in_child::kHarnessFailed);
}

}  // namespace

TerminalSession::TerminalSession(const Command& command) {
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  if (::openpty(&master_, &terminal, nullptr, nullptr, &size) != 0) throw std::runtime_error("openpty failed");
  ::fcntl(master_, F_SETFD, FD_CLOEXEC);
  first_ = settings();
  pid_ = in_child::fork_without_handlers();
  if (pid_ == 0) be_program(command, terminal);
  ::close(terminal);
  if (pid_ < 0) throw std::runtime_error("fork failed");
}

std::string TerminalSession::name() const {
  char name[64] = {};
  if (::ptsname_r(master_, name, sizeof name) != 0) throw std::runtime_error("ptsname_r failed");
  return name;
}

TerminalSession::~TerminalSession() {
  // The hang-up ends the rest of the session.
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::close(master_);
}

void TerminalSession::type(std::string_view keys) {
  seen_ = screen_.size();
  (void)!::write(master_, keys.data(), keys.size());
}

void TerminalSession::resize(unsigned short rows, unsigned short columns) const {
  const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(master_, TIOCSWINSZ, &size);
}

termios TerminalSession::settings() const {
  termios now{};
  ::tcgetattr(master_, &now);
  return now;
}

pid_t TerminalSession::foreground() const {
  return ::tcgetpgrp(master_);
}

bool TerminalSession::pump(milliseconds patience) {
  pollfd watched{master_, POLLIN, 0};
  if (::poll(&watched, 1, static_cast<int>(patience.count())) <= 0) return false;
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(master_, buffer.data(), buffer.size());
  if (got <= 0) return false;
  screen_.append(buffer.data(), static_cast<size_t>(got));
  return true;
}

bool TerminalSession::shows(std::string_view text, milliseconds patience) {
  const auto end = Clock::now() + patience * patience_factor();
  for (;;) {
    const size_t at = screen_.find(text, seen_);
    if (at != std::string::npos) {
      seen_ = at + text.size();
      return true;
    }
    if (Clock::now() > end) return false;
    pump(milliseconds(20));
  }
}

int TerminalSession::finish(milliseconds patience) {
  const auto end = Clock::now() + patience * patience_factor();
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) != pid_) {
    if (Clock::now() > end) return -1;
    pump(milliseconds(10));
  }
  pid_ = -1;
  while (pump(milliseconds(0))) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace stepbox::feature
