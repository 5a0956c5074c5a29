// Neither the outcome of the step nor the report depends on how late stepbox or init hears of an event, or in which
// order. Each case holds one of the two back, as a busy machine may.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

// Stepbox passes the signal on to init; only job control signals go at once.
bool forward(const Process& stepbox, int signal) {
  stepbox.signal(signal);
  // Longer than stepbox waits for other processes to receive it, too.
  if (signal != SIGTSTP && signal != SIGCONT) ::usleep(60'000);
  return eventually([&] { return !has_pending(stepbox.pid(), {signal}) && state_of(stepbox.pid()) == 'S'; });
}

bool stop(pid_t pid) {
  ::kill(pid, SIGSTOP);
  return eventually([&] { return state_of(pid) == 'T'; });
}

// By ptrace(2), because continuing it then takes no signal.
bool hold(pid_t pid) {
  return ::ptrace(PTRACE_ATTACH, pid, 0, 0) == 0 && ::waitpid(pid, nullptr, 0) == pid;
}

// Shell commands that stop the shell and continue it, that many times.
std::string stops(int times) {
  return "i=0; while [ $i -lt " + std::to_string(times) + " ]; do i=$((i+1)); "
         "(while :; do read -r x x state x </proc/$$/stat; [ $state = T ] && break; done; sleep 0.001; kill -CONT $$) & "
         "kill -STOP $$; wait; done; ";
}

}  // namespace

// If init ends with messages unread, the kernel fails the next receive of stepbox before it delivers what init has
// sent.
TEST_CASE("signals that arrive while the step is ending do not hide how it ended", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"sh", "-c", "echo ready; while [ ! -e over ]; do sleep 0.01; done; exit 5"}));
  REQUIRE(step.waits_for("ready\n"));
  const pid_t init = init_of(step.pid());
  REQUIRE(stop(init));
  place.make_file(place.checkout() / "over", "");
  CHECK(eventually([&] { return state_of(children_of(init).at(0)) == 'Z'; }));
  // Init reads one of them, sees the end of the step, and exits.
  for (const int signal : {SIGTSTP, SIGCONT, SIGTSTP}) CHECK(forward(step, signal));
  REQUIRE(hold(step.pid()));
  ::kill(init, SIGCONT);
  CHECK(eventually([&] { return state_of(init) == 'Z'; }));
  ::ptrace(PTRACE_DETACH, step.pid(), 0, 0);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 5);
  CHECK(verdict_of(place.report()) == "failure");
}

TEST_CASE("a stepbox that was stopped for long learns how the step ended, however often the step was stopped",
          "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string mode = GENERATE("full", "env");
  CAPTURE(caller, mode);
  const Place place(caller);
  Process step(place.step({"--isolation", mode}, {"sh", "-c", "echo ready; while [ ! -e go ]; do sleep 0.01; done; " + stops(400) + "echo over; exit 5"}));
  REQUIRE(step.waits_for("ready\n"));
  REQUIRE(hold(step.pid()));
  place.make_file(place.checkout() / "go", "");
  CHECK(step.waits_for("over\n", seconds(60)));
  // Longer than init waits for room to report the end.
  ::sleep(6);
  ::ptrace(PTRACE_DETACH, step.pid(), 0, 0);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 5);
  CHECK(verdict_of(place.report()) == "failure");
}

TEST_CASE("an init that does not read does not keep stepbox from its deadlines", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({"--timeout", "4s", "--grace", "500ms"}, {"sh", "-c", "echo ready; exec sleep 1000"}));
  REQUIRE(step.waits_for("ready\n"));
  const pid_t init = init_of(step.pid());
  REQUIRE(stop(init));
  // More messages than the channel has room for.
  for (int i = 0; i < 500 && forward(step, i % 2 == 0 ? SIGTSTP : SIGCONT); ++i) {
  }
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 124);
  CHECK(verdict_of(place.report()) == "timeout");
}

TEST_CASE("a step that ended in time counts as in time, even when stepbox hears of its stops and its end only later",
          "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({"--timeout", "6s"}, {"sh", "-c", "echo ready; while [ ! -e go ]; do sleep 0.01; done; " + stops(1) + "exit 0"}));
  REQUIRE(step.waits_for("ready\n"));
  const pid_t init = init_of(step.pid());
  REQUIRE(hold(step.pid()));
  place.make_file(place.checkout() / "go", "");
  CHECK(eventually([&] { return state_of(init) == 'Z'; }, seconds(4)));
  ::sleep(7);
  ::ptrace(PTRACE_DETACH, step.pid(), 0, 0);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 0);
  CHECK(verdict_of(place.report()) == "success");
}

TEST_CASE("SIGCONT has the last word, even when stepbox hears of the stop after it", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command command = place.step({}, {"sh", "-c", "echo ready; while [ ! -e over ]; do sleep 0.01; done; exit 4"});
  command.timeout = seconds(20);
  Process step(command);
  REQUIRE(step.waits_for("ready\n"));
  const pid_t init = init_of(step.pid());
  const pid_t shell = children_of(init).at(0);
  REQUIRE(stop(init));
  CHECK(forward(step, SIGTSTP));
  REQUIRE(hold(step.pid()));
  ::kill(init, SIGCONT);
  CHECK(eventually([&] { return state_of(shell) == 'T' && !has_pending(init, {SIGCHLD}) && state_of(init) == 'S'; }));
  step.signal(SIGCONT);
  ::ptrace(PTRACE_DETACH, step.pid(), 0, 0);
  place.make_file(place.checkout() / "over", "");
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 4);
}

TEST_CASE("a step that stops itself where nobody could continue it stops neither stepbox nor its deadlines",
          "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int signal = GENERATE(SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP);
  CAPTURE(caller, signal);
  const Place place(caller);
  Command command = place.step({"--timeout", "500ms", "--grace", "500ms"}, {"stop_itself", std::to_string(signal), "0"});
  // Gives up the controlling terminal.
  command.as_caller = [] {
    const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal >= 0) in_child::must(::ioctl(terminal, TIOCNOTTY) == 0, "leave the terminal");
  };
  command.timeout = seconds(15);
  const Run ended = run(command);
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 124);
  CHECK(verdict_of(place.report()) == "timeout");
}

TEST_CASE("SIGTERM ends a stopped step, even when init hears of the stop in the same moment", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"sh", "-c", "echo ready; exec sleep 1000"}));
  REQUIRE(step.waits_for("ready\n"));
  const pid_t init = init_of(step.pid());
  const pid_t command = children_of(init).at(0);
  REQUIRE(stop(init));
  REQUIRE(stop(command));
  CHECK(forward(step, SIGTERM));
  ::kill(init, SIGCONT);
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 128 + SIGTERM);
  CHECK(verdict_of(place.report()) == "cancelled");
}

}  // namespace stepbox::feature
