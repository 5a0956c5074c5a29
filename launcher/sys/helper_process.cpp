#include "sys/helper_process.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <boost/asio.hpp>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <csignal>
#include <future>
#include <thread>

#include "base/text.hpp"

namespace stepbox::sys {

namespace process = boost::process;

Result<HelperOutput> run_helper(const std::string& program, const std::vector<std::string>& arguments,
                                std::chrono::milliseconds deadline) {
  try {
    boost::asio::io_context loop;
    std::future<std::string> output;
    process::environment environment;
    environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
    environment["LC_ALL"] = "C";
    process::child child(program, process::args(arguments), environment, process::std_in < process::null,
                         process::std_out > output, process::std_err > process::null, loop,
                         // One that hangs must not outlive a stepbox that is killed.
                         process::extend::on_exec_setup = [](auto&) { ::prctl(PR_SET_PDEATHSIG, SIGKILL); });
    const auto end = std::chrono::steady_clock::now() + deadline;
    loop.run_for(deadline);
    // It may have closed its output and gone on.
    while (loop.stopped() && child.running() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!loop.stopped() || child.running()) {
      child.terminate();
      return fail(quoted(program) + " did not answer within " + std::to_string(deadline.count()) + " ms");
    }
    child.wait();
    const int status = child.native_exit_code();
    return HelperOutput{WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), output.get()};
  } catch (const std::exception& error) {
    return fail("cannot run " + quoted(program) + ": " + error.what());
  }
}

}  // namespace stepbox::sys
