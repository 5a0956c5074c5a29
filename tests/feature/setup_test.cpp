// Stepbox does not wait for ever before or after the step: neither for a box that does not come up, nor for an unread
// standard error. And processes that are about to exit get the processor time that they need.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <csignal>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

// Lets a traced stepbox go on until it has cloned init, and leaves that stopped, as if it waited for a server.
bool stop_init_once_it_is_made(pid_t stepbox) {
  int status = 0;
  if (::waitpid(stepbox, &status, 0) != stepbox || !WIFSTOPPED(status)) return false;  // its execve
  if (::ptrace(PTRACE_SETOPTIONS, stepbox, 0, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL) != 0) return false;
  for (;;) {
    if (::ptrace(PTRACE_CONT, stepbox, 0, 0) != 0) return false;
    if (::waitpid(stepbox, &status, 0) != stepbox || !WIFSTOPPED(status)) return false;
    if (status >> 8 != (SIGTRAP | PTRACE_EVENT_FORK << 8)) continue;
    unsigned long child = 0;
    if (::ptrace(PTRACE_GETEVENTMSG, stepbox, 0, &child) != 0) return false;
    const pid_t init = static_cast<pid_t>(child);
    if (::waitpid(init, &status, __WALL) != init) return false;
    const bool is_init = fs::read_symlink("/proc/" + std::to_string(init) + "/ns/pid") != fs::read_symlink("/proc/self/ns/pid");
    if (::ptrace(PTRACE_DETACH, init, 0, is_init ? SIGSTOP : 0) != 0) return false;
    if (is_init) return ::ptrace(PTRACE_DETACH, stepbox, 0, 0) == 0;
  }
}

Command traced(Command command, std::function<void()> as_caller = {}) {
  command.as_caller = [as_caller] {
    if (as_caller) as_caller();
    in_child::must(::ptrace(PTRACE_TRACEME, 0, 0, 0) == 0, "be traced");
  };
  command.timeout = seconds(30);
  return command;
}

// The writing end of a full pipe.
class FullPipe {
 public:
  FullPipe() {
    REQUIRE(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0);
    const std::string block(4096, 'x');
    while (::write(ends_[1], block.data(), block.size()) > 0) {
    }
    ::fcntl(ends_[1], F_SETFL, 0);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;
  ~FullPipe() {
    for (const int end : ends_) ::close(end);
  }
  int end() const { return ends_[1]; }

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace

TEST_CASE("a signal ends stepbox while it makes the box", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP, SIGQUIT);
  CAPTURE(caller, signal);
  const Place place(caller);
  Process step(traced(place.step({}, {"sh", "-c", "echo ran"})));
  REQUIRE(stop_init_once_it_is_made(step.pid()));
  step.signal(signal);
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 128 + signal);
  CHECK(ended.out.empty());
  CHECK(ended.err.find("while it made the box; the step did not run") != std::string::npos);
  CHECK(verdict_of(place.report()) == "cancelled");
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a signal that the caller ignores does not end stepbox while it makes the box", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(traced(place.step({}, {"sh", "-c", "echo ran"}), [] { ::signal(SIGHUP, SIG_IGN); }));
  REQUIRE(stop_init_once_it_is_made(step.pid()));
  step.signal(SIGHUP);
  SECTION("and the step runs") { ::kill(init_of(step.pid()), SIGCONT); }
  SECTION("but another signal does") { step.signal(SIGTERM); }
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == (ended.out == "ran\n" ? 0 : 128 + SIGTERM));
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("stepbox gives up a box that is not up within the step's time", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(traced(place.step({"--timeout", "2500ms"}, {"sh", "-c", "echo ran"})));
  REQUIRE(stop_init_once_it_is_made(step.pid()));
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(what_is_wrong_with_refusal(ended).empty());
  CHECK(ended.err.find("the box could not be made within 2s500ms") != std::string::npos);
  CHECK(verdict_of(place.report()) == "launcher-error");
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a step starts although stepbox has something to say and nobody reads standard error", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const FullPipe full;
  Command command = place.step({"--isolation", "env"}, {"sh", "-c", "echo ran"});
  command.stderr_fd = full.end();
  command.timeout = seconds(30);
  const Run ended = run(command);
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 0);
  CHECK(ended.out == "ran\n");
  CHECK(place.report().at("warnings").dump().find("on standard error could not be written") != std::string::npos);
}

// Its share of the processor makes the last writer slower than any fixed time would allow for.
TEST_CASE("a reader of the step's output gets the processor time to write the rest, on a slow machine too", "[ends]") {
  REQUIRE_HOST(root_suite);
  if (std::getenv("STEPBOX_TEST_PATIENCE") != nullptr) {
    WARN("skipped: on an emulated machine so small a share of it is less than stepbox waits for");
    return;
  }
  const Place place(Caller::root);
  Command command = place.step({"--limit", "cpu=0.02"}, {"bash", "-c", "exec > >(read -r x; i=0; while [ $i -lt 1500 ]; do i=$((i+1)); done; echo last); exit 0"});
  const Run ended = run(command);
  INFO(ended);
  CHECK(ended.code() == 0);
  CHECK(ended.out == "last\n");
}

}  // namespace stepbox::feature
