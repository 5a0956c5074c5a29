#include "sys/helper_process.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/error.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/io.hpp>
#include <boost/process/pipe.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include "base/text.hpp"

namespace stepbox::sys {

namespace process = boost::process;

namespace {

using Clock = std::chrono::steady_clock;

// Reads up to the end of file; false if that does not come in time.
bool read_all(int pipe, Clock::time_point end, std::string& text) {
  std::array<char, 65'536> buffer;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    pollfd readable{pipe, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(std::max(left.count(), std::chrono::milliseconds::rep{0}))) <= 0) {
      if (Clock::now() >= end) return false;
      continue;
    }
    const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
    if (got == 0) return true;
    if (got > 0) text.append(buffer.data(), static_cast<size_t>(got));
    else if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "its output cannot be read");
  }
}

}  // namespace

// Boost.Process without an io_context, which would wait by a SIGCHLD handler that writes to a pipe. When the child
// ended just after the io_context, the pipe had no reader, and SIGPIPE ended stepbox.
Result<HelperOutput> run_helper(const std::string& program, const std::vector<std::string>& arguments,
                                std::chrono::milliseconds deadline) {
  try {
    process::environment environment;
    environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
    environment["LC_ALL"] = "C";
    process::pipe output;
    std::error_code refused;
    process::child child(program, process::args(arguments), environment, process::std_in < process::null,
                         process::std_out > output, process::std_err > process::null,
                         // A hanging helper must not outlive a killed stepbox.
                         process::extend::on_exec_setup = [](auto&) { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }, refused);
    // An error before the fork shows only as an empty child.
    if (refused || !child.valid())
      return fail("cannot run " + quoted(program) + ": " + (refused ? refused.message() : "no process for it can be made"));
    const Clock::time_point end = Clock::now() + deadline;
    std::string text;
    const bool is_whole = read_all(output.native_source(), end, text);
    // The helper may have closed its output and gone on running.
    while (is_whole && child.running() && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!is_whole || child.running()) {
      child.terminate();
      return fail(quoted(program) + " did not answer within " + std::to_string(deadline.count()) + " ms");
    }
    child.wait();
    const int status = child.native_exit_code();
    return HelperOutput{WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), std::move(text)};
  } catch (const std::exception& error) {
    return fail("cannot run " + quoted(program) + ": " + error.what());
  }
}

}  // namespace stepbox::sys
