#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ostream>
#include <stdexcept>
#include <thread>

#include "support/child.hpp"
#include "support/host.hpp"

namespace stepbox::feature {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  return {ends[0], ends[1]};
}

void close_now(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

// Numbers above every one that a case asks for, so that the dup2s below do not overwrite each other.
int out_of_the_way(int fd) {
  return ::fcntl(fd, F_DUPFD_CLOEXEC, 200);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> made;
  for (const std::string& text : texts) made.push_back(const_cast<char*>(text.c_str()));
  made.push_back(nullptr);
  return made;
}

[[noreturn]] void be_program(const Command& command, int in, int out, int err) {
  using in_child::must;
  ::setpgid(0, 0);
  std::vector<std::pair<int, int>> moved = {
      {out_of_the_way(in), 0}, {out_of_the_way(out), 1}, {out_of_the_way(err), 2}};
  for (const auto& [here, there] : command.inherited) moved.emplace_back(out_of_the_way(here), there);
  for (const auto& [from, to] : moved) must(::dup2(from, to) == to, "dup2");
  if (command.prepare) command.prepare();
  become(command.caller);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  must(::chdir(command.cwd.c_str()) == 0, "chdir");
  if (command.as_caller) command.as_caller();
  for (const int fd : command.closed) ::close(fd);
  auto argv = pointers(command.argv);
  std::vector<std::string> variables = command.environment;
  // LeakSanitizer traces its own program, so it cannot work below another tracer.
  if (command.argv.front().ends_with("strace")) variables.emplace_back("ASAN_OPTIONS=detect_leaks=0");
  auto environment = pointers(variables);
  ::execvpe(argv[0], argv.data(), environment.data());
  must(false, "execvpe");
  ::_exit(in_child::kHarnessFailed);
}

}  // namespace

int Run::code() const {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::ostream& operator<<(std::ostream& stream, const Run& run) {
  stream << "code " << run.code() << (run.timed_out ? " (timed out)" : "") << "\n--- stdout\n"
         << run.out.substr(0, 2000) << "\n--- stderr\n"
         << run.err.substr(0, 2000);
  return stream;
}

Process::Process(const Command& command) : command_(command) {
  Pipe in, out, err;
  if (command.stdin_fd < 0) in = make_pipe();
  if (command.stdout_fd < 0) out = make_pipe();
  if (command.stderr_fd < 0) err = make_pipe();
  pid_ = in_child::fork_without_handlers();
  if (pid_ == 0)
    be_program(command_, command.stdin_fd < 0 ? in.read : command.stdin_fd,
               command.stdout_fd < 0 ? out.write : command.stdout_fd,
               command.stderr_fd < 0 ? err.write : command.stderr_fd);
  close_now(in.read);
  close_now(out.write);
  close_now(err.write);
  if (pid_ < 0) throw std::runtime_error("fork failed");
  ::setpgid(pid_, pid_);
  in_ = in.write;
  out_ = out.read;
  err_ = err.read;
  for (const int fd : {in_, out_, err_})
    if (fd >= 0) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

Process::~Process() {
  kill_and_reap();
  close_now(in_);
  close_now(out_);
  close_now(err_);
}

void Process::kill_and_reap() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, &run_.status, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
}

void Process::signal(int signal) const {
  ::kill(pid_, signal);
}
void Process::signal_group(int signal) const {
  ::kill(-pid_, signal);
}

bool Process::has_ended() {
  if (!ended_) ended_ = ::waitpid(pid_, &run_.status, WNOHANG) == pid_;
  return ended_;
}

bool Process::pump(milliseconds patience) {
  if (in_ >= 0 && fed_ == command_.input.size()) close_now(in_);
  std::array<pollfd, 3> watched = {{{in_, POLLOUT, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}}};
  if (::poll(watched.data(), watched.size(), static_cast<int>(patience.count())) <= 0) return false;
  if (in_ >= 0 && watched[0].revents != 0) {
    const ssize_t written = ::write(in_, command_.input.data() + fed_, command_.input.size() - fed_);
    if (written > 0)
      fed_ += static_cast<size_t>(written);
    else if (errno != EAGAIN)
      close_now(in_);
  }
  const auto take = [](int& fd, std::string& text) {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got > 0)
      text.append(buffer.data(), static_cast<size_t>(got));
    else if (got == 0 || errno != EAGAIN)
      close_now(fd);
  };
  if (out_ >= 0 && watched[1].revents != 0) take(out_, run_.out);
  if (err_ >= 0 && watched[2].revents != 0) take(err_, run_.err);
  return true;
}

bool Process::waits_for(std::string_view text, milliseconds patience) {
  const auto end = Clock::now() + patience * patience_factor();
  while (run_.out.find(text) == std::string::npos) {
    if (Clock::now() > end || out_ < 0) return false;
    pump(milliseconds(50));
  }
  return true;
}

Run Process::finish() {
  const auto end = Clock::now() + command_.timeout * patience_factor();
  while (!has_ended()) {
    if (Clock::now() > end) {
      run_.timed_out = true;
      kill_and_reap();
      break;
    }
    if (out_ < 0 && err_ < 0 && in_ < 0)
      std::this_thread::sleep_for(milliseconds(2));
    else
      pump(milliseconds(10));
  }
  close_now(in_);
  const auto patience = Clock::now() + seconds(1) * patience_factor();
  // Reads what is there, however late it is.
  while ((out_ >= 0 || err_ >= 0) && (pump(milliseconds(20)) || Clock::now() < patience) && Clock::now() < end) {
  }
  run_.output_left_open = out_ >= 0 || err_ >= 0;
  // Otherwise a case that expects no leftovers would pass because nothing ran.
  if (run_.code() == in_child::kHarnessFailed && run_.err.find("harness: ") != std::string::npos)
    throw std::runtime_error(run_.err);
  return run_;
}

Run run(const Command& command) {
  return Process(command).finish();
}

bool eventually(const std::function<bool()>& condition, milliseconds patience) {
  const auto end = Clock::now() + patience * patience_factor();
  while (!condition()) {
    if (Clock::now() > end) return condition();
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

}  // namespace stepbox::feature
