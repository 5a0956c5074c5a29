// Promise 5 for signals: each reaches the step once, and stepbox waits for the step's reaction.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

std::string got(int signal) {
  return "got " + std::to_string(signal) + "\n";
}

}  // namespace

TEST_CASE("a signal sent to stepbox reaches the step exactly once", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGCONT);
  CAPTURE(caller, signal);
  const Place place(caller);
  Process step(place.step({}, {"count_signals", "200"}));
  REQUIRE(step.waits_for("ready\n"));
  step.signal(signal);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.out == "ready\n" + got(signal));
  CHECK(ended.code() == 3);
  const bool asks_to_end = signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
  CHECK(verdict_of(place.report()) == (asks_to_end ? "cancelled" : "failure"));
}

TEST_CASE("a signal sent to the whole process group reaches the step exactly once", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP);
  CAPTURE(caller, signal);
  const Place place(caller);
  Process step(place.step({}, {"count_signals", "200"}));
  REQUIRE(step.waits_for("ready\n"));
  step.signal_group(signal);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.out == "ready\n" + got(signal));
  CHECK(ended.code() == 3);
}

TEST_CASE("different signals all arrive", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"count_signals", "300", "0", "4"}));
  REQUIRE(step.waits_for("ready\n"));
  for (const int signal : {SIGUSR1, SIGUSR2, SIGWINCH, SIGTERM}) step.signal(signal);
  const Run ended = step.finish();
  INFO(ended);
  for (const int signal : {SIGUSR1, SIGUSR2, SIGWINCH, SIGTERM})
    CHECK(ended.out.find(got(signal)) != std::string::npos);
  CHECK(lines_of(ended.out).size() == 5);
  // It was asked to stop, and finished its work all the same.
  CHECK(ended.code() == 0);
  CHECK(verdict_of(place.report()) == "success");
}

TEST_CASE("a step that traps SIGTERM and exits with 3 gives 3, and counts as cancelled", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step(
      {}, {"sh", "-c", "trap 'sleep 0.2; echo cleaned; exit 3' TERM; echo ready; while :; do sleep 0.01; done"}));
  REQUIRE(step.waits_for("ready\n"));
  step.signal(SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.out == "ready\ncleaned\n");
  CHECK(ended.code() == 3);
  CHECK(verdict_of(place.report()) == "cancelled");
  CHECK(place.report().at("outcome").at("cancelled_by") == "SIGTERM");
}

TEST_CASE("SIGTERM ends a step that does not trap it", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"sh", "-c", "echo ready; exec sleep 100"}));
  REQUIRE(step.waits_for("ready\n"));
  step.signal(SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 128 + SIGTERM);
  CHECK(verdict_of(place.report()) == "cancelled");
}

TEST_CASE("a signal at any instant of the start ends stepbox, and the step never outlives it", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  for (int delay = 0; delay < 12'000; delay += 400) {
    Process step(place.step({}, {"sh", "-c", "exec sleep 100"}));
    ::usleep(static_cast<useconds_t>(delay));
    step.signal(SIGTERM);
    const Run ended = step.finish();
    CAPTURE(delay, ended);
    CHECK_FALSE(ended.timed_out);
    CHECK(ended.code() == 128 + SIGTERM);
    const auto nothing_left = [&] { return processes_with(place.mark()).empty(); };
    // Before there is a box the signal ends stepbox itself, maybe while getent(1) looks up the user's home.
    CHECK((WIFSIGNALED(ended.status) ? eventually(nothing_left) : nothing_left()));
  }
}

TEST_CASE("stepbox waits for a step that ignores SIGTERM", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"ignore_signals", "500"}));
  REQUIRE(step.waits_for("ready\n"));
  for (int i = 0; i < 3; ++i) step.signal(SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 0);
}

TEST_CASE("SIGTSTP stops step and stepbox, and SIGCONT continues both", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"sh", "-c", "echo ready; while [ ! -e over ]; do sleep 0.02; done; echo over; exit 4"}));
  REQUIRE(step.waits_for("ready\n"));
  step.signal(SIGTSTP);
  CHECK(eventually([&] { return state_of(step.pid()) == 'T'; }, seconds(5)));
  place.make_file(place.checkout() / "over", "");
  CHECK_FALSE(step.waits_for("over", milliseconds(1200)));
  step.signal(SIGCONT);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.out == "ready\nover\n");
  CHECK(ended.code() == 4);
}

TEST_CASE("SIGTERM to stepbox ends a step that has stopped itself", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"stop_itself", std::to_string(SIGSTOP), "0"}));
  REQUIRE(step.waits_for("stopping\n"));
  ::usleep(100'000);
  step.signal(SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 128 + SIGTERM);
}

TEST_CASE("a caller that ignores SIGCHLD gets the right code, and the step inherits the ignored signals", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({}, {"sh", "-c", "grep -E '^Sig(Ign|Blk)' /proc/self/status; exit 6"});
  step.as_caller = [] {
    ::signal(SIGCHLD, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  };
  const Run inside = run(step);
  INFO(inside);
  CHECK(inside.code() == 6);
  // The same command without stepbox is the oracle: the step must start with exactly the same signals.
  Command bare = place.command({"/bin/sh", "-c", "grep -E '^Sig(Ign|Blk)' /proc/self/status; exit 6"});
  bare.as_caller = step.as_caller;
  CHECK(inside.out == run(bare).out);
}

}  // namespace stepbox::feature
