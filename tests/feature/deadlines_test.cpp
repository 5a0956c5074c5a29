// A step that does not end by itself is ended in time, with a reason. No upper bound here is tight, because the
// machine may be busy with anything.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/init_made.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Json limit_of(const Json& report) {
  return report.at("outcome").at("limit");
}

std::string sentence_of(const Json& report) {
  return report.at("outcome").at("sentence");
}

// Whether every byte that could control a terminal has been escaped.
bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || c < 0 || (c >= 0x20 && c != 0x7f); });
}

}  // namespace

TEST_CASE("a step that outlasts its time limit is ended with 124, and the report shows what it was doing",
          "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto start = Clock::now();
  const Run ended =
      place.run_step({"--timeout", "1s"}, {"sh", "-c", "exec 5<>/tmp/held; echo begun; sleep 321; echo over"});
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(seconds_since(start) >= 1);
  CHECK(ended.out == "begun\n");
  const Json report = place.report();
  INFO(report.dump(1));
  CHECK(verdict_of(report) == "timeout");
  CHECK(sentence_of(report) ==
        "the step ran into its time limit of 1s (--timeout); asked to end, it was ended by SIGTERM");
  CHECK(limit_of(report) == Json{{"name", "timeout"}, {"seconds", 1.0}, {"origin", "--timeout"}, {"killed", false}});
  CHECK(report.at("time").at("wall") >= 1);
  const Json& snapshot = report.at("diagnostics").at(0);
  CHECK(snapshot.at("complete") == true);
  CHECK(snapshot.at("process_count") == 2);
  const Json& shell = snapshot.at("processes").at(0);
  CHECK(shell.at("pid") == 2);
  CHECK(shell.at("parent") == 1);
  CHECK(shell.at("state") == "S");
  CHECK(shell.at("wait_channel") == "do_wait");
  CHECK(contains(shell.dump(), R"({"fd":5,"target":"/tmp/held"})"));
  CHECK(snapshot.at("processes").at(1).at("command_line") == "sleep 321");
  CHECK(snapshot.at("processes").at(1).at("parent") == 2);
  CHECK(snapshot.at("volumes").at(0).at("name") == "workspace");
  CHECK(snapshot.at("volumes").at(0).at("inodes") == 1);
  CHECK(contains(ended.err, "stepbox: the step ran into its time limit of 1s (--timeout): sending SIGTERM; SIGKILL follows in "));
  CHECK(contains(ended.err, ": sleep 321"));
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("the report of a step that ends in time mentions no limit", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ended = place.run_step({"--timeout", "1h", "--grace", "5s"}, {"sh", "-c", "echo done; exit 3"});
  INFO(ended);
  CHECK(ended.code() == 3);
  CHECK(verdict_of(place.report()) == "failure");
  CHECK(limit_of(place.report()).is_null());
  CHECK(place.report().at("diagnostics").empty());
}

TEST_CASE("a step that ends by itself during the grace was still too late", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int code = GENERATE(0, 3);
  CAPTURE(caller, code);
  const Place place(caller);
  const Run ended = place.run_step(
      {"--timeout", "500ms"},
      {"sh", "-c", "trap 'echo saved; exit " + std::to_string(code) + "' TERM; while :; do sleep 0.05; done"});
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(ended.out == "saved\n");
  CHECK(verdict_of(place.report()) == "timeout");
  CHECK(contains(sentence_of(place.report()), "asked to end, it exited with code " + std::to_string(code)));
}

TEST_CASE("a step that ignores SIGTERM is killed when the grace is over, and not before", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto start = Clock::now();
  const Run ended = place.run_step({"--timeout", "500ms", "--grace", "1s"}, {"ignore_signals", "100000"});
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(seconds_since(start) >= 1.5);
  CHECK(verdict_of(place.report()) == "timeout");
  CHECK(limit_of(place.report()).at("killed") == true);
  CHECK(contains(sentence_of(place.report()), "it did not end within the grace of 1s and was killed"));
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a stopped step is ended like any other", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  SECTION("by SIGTERM") {
    const Run ended =
        place.run_step({"--timeout", "500ms", "--grace", "50s"}, {"sh", "-c", "kill -STOP $$; echo continued"});
    INFO(ended);
    CHECK(ended.code() == 124);
    CHECK(place.report().at("outcome").at("signal") == "SIGTERM");
    CHECK(place.report().at("diagnostics").at(0).at("processes").at(0).at("state") == "T");
  }
  SECTION("with a chance to clean up") {
    const Run ended = place.run_step({"--timeout", "500ms", "--grace", "50s"},
                                     {"sh", "-c", "trap 'echo saved; exit 4' TERM; kill -STOP $$; sleep 100"});
    INFO(ended);
    CHECK(ended.code() == 124);
    CHECK(ended.out == "saved\n");
  }
}

TEST_CASE("daemons of a step that ran too long are gone with it", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ended = place.run_step({"--timeout", "1s"}, {"sh", "-c", "leave_orphans 0; sleep 100"});
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(place.report().at("teardown").at("stray_count") >= 4);
  CHECK(place.report().at("diagnostics").at(0).at("process_count") >= 6);
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("init ends the box at its deadline while stepbox itself is stopped", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(
      place.step({"--timeout", "500ms", "--grace", "500ms"}, {"sh", "-c", "echo ready; exec ignore_signals 100000"}));
  REQUIRE(step.waits_for("ready\n"));
  step.signal(SIGSTOP);
  CHECK(init_ends_box(place.mark(), step.pid()));
  step.signal(SIGCONT);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(verdict_of(place.report()) == "timeout");
  CHECK(limit_of(place.report()).at("killed") == true);
}

// On a busy machine the step can run for a while before stepbox is scheduled again.
TEST_CASE("a step's time counts from its start, however late stepbox hears of it", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command command = place.step({"--timeout", "500ms", "--grace", "500ms"}, {"ignore_signals", "100000"});
  command.as_caller = in_child::ask_to_be_traced;
  Process step(command);
  REQUIRE(hold_once_init_is_made(step.pid(), Held::stepbox));
  REQUIRE(step.waits_for("ready\n"));
  SECTION("when init has already ended the step") {
    CHECK(init_ends_box(place.mark(), step.pid()));
  }
  SECTION("when the time is already over") { std::this_thread::sleep_for(seconds(1)); }
  ::ptrace(PTRACE_DETACH, step.pid(), 0, 0);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(verdict_of(place.report()) == "timeout");
  CHECK(limit_of(place.report()).at("killed") == true);
  // A second and the grace. It would be less if the time counted from when stepbox heard of the start.
  CHECK(place.report().at("time").at("wall") >= 1.5);
}

TEST_CASE("a box that runs too long does not disturb its neighbour", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place quiet(caller);
  Process beside(quiet.step({}, {"sh", "-c", "echo ready; while [ ! -e over ]; do sleep 0.05; done; echo over"}));
  REQUIRE(beside.waits_for("ready\n"));
  const Place place(caller);
  CHECK(place.run_step({"--timeout", "300ms", "--grace", "200ms"}, {"ignore_signals", "100000"}).code() == 124);
  // Stepbox, the step, and init; where init shows its environment to root only, the third is the step's sleep, now and
  // then.
  CHECK(eventually([&] { return processes_with(quiet.mark()).size() >= 3; }));
  quiet.make_file(quiet.checkout() / "over", "");
  const Run ended = beside.finish();
  INFO(ended);
  CHECK(ended.out == "ready\nover\n");
  CHECK(ended.code() == 0);
  CHECK(verdict_of(quiet.report()) == "success");
}

TEST_CASE("the second request to stop during the grace ends the box at once", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int signal = GENERATE(SIGTERM, SIGINT);
  CAPTURE(caller, signal);
  const Place place(caller);
  Command command = place.step({"--timeout", "300ms", "--grace", "1h"}, {"count_signals", "100000"});
  Process step(command);
  // The SIGTERM that stepbox sends: the grace has begun.
  REQUIRE(step.waits_for("got 15\n"));
  step.signal(signal);
  CHECK_FALSE(step.waits_for("got 2\n", milliseconds(500)));
  // The kernel merges two pending signals of the same number.
  CHECK(eventually([&] { return !has_pending(step.pid(), {signal}); }));
  // Stepbox, the step, and init, whose environment only root can see.
  CHECK(processes_with(place.mark()).size() >= (::geteuid() == 0 ? 3 : 2));
  step.signal(signal);
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 124);
  CHECK(ended.out == "ready\ngot 15\n");
  CHECK(contains(sentence_of(place.report()), "stepbox was asked to stop twice, and it was killed"));
}

TEST_CASE("the grace that the caller set applies to a request to stop", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({"--grace", "500ms"}, {"ignore_signals", "100000"}));
  REQUIRE(step.waits_for("ready\n"));
  const auto start = Clock::now();
  step.signal(SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(seconds_since(start) >= 0.5);
  CHECK(ended.code() == 128 + SIGKILL);
  CHECK(verdict_of(place.report()) == "cancelled");
  CHECK(contains(sentence_of(place.report()), "it did not end within the grace of 500ms and was killed"));
}

TEST_CASE("stepbox keeps the deadline although nobody reads its messages", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  // The full pipe blocks the step as well.
  Command command = place.step({"--timeout", "500ms", "--grace", "300ms", "--summary", "never"},
                               {"sh", "-c", "trap '' TERM; head -c 1000000 /dev/zero >&2; sleep 100"});
  command.stderr_fd = ends[1];
  const Run ended = run(command);
  ::close(ends[0]);
  ::close(ends[1]);
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 124);
  CHECK(verdict_of(place.report()) == "timeout");
}

TEST_CASE("names of hostile processes are escaped, and no variable's value is shown", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command command = place.step(
      {"--timeout", "1s"},
      {"bash", "-c",
       R"(cp /bin/sleep /tmp/$'\e[2Jx\n)\a'; (exec -a $'\e]0;title\a' /tmp/$'\e[2Jx\n)\a' 100) & sleep 100)"});
  command.environment.push_back("SECRET_TOKEN=hunter2hunter2");
  const Run ended = run(command);
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(contains(ended.err, "\\x1b]0;title\\x07 100"));
  CHECK(is_printable(ended.err));
  CHECK_FALSE(contains(ended.err + read_file(place.report_file()), "hunter2"));
}

TEST_CASE("the report lists two hundred of many processes, and counts them all", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  // An emulated machine starts only half of them in 10 s.
  const std::string time = std::to_string(10 * patience_factor()) + "s";
  const Run ended = place.run_step(
      {"--timeout", time}, {"sh", "-c", "i=0; while [ $i -lt 250 ]; do sleep 300 & i=$((i+1)); done; echo all; wait"});
  INFO(ended);
  CHECK(ended.code() == 124);
  REQUIRE(ended.out == "all\n");
  const Json report = place.report();
  const Json& snapshot = report.at("diagnostics").at(0);
  CHECK(snapshot.at("process_count") == 251);
  CHECK(snapshot.at("processes").size() <= 200);
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("an impossible time limit is refused with its text", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string option = GENERATE("--timeout", "--silence", "--grace");
  const std::string text = GENERATE("0s", "-1s", "5", "", "1h30", "4000d", "99999999999999999999s");
  CAPTURE(caller, option, text);
  const Place place(caller);
  const Run ended = place.run_step({option, text}, {"touch", "ran"});
  INFO(ended);
  CHECK(ended.code() == 125);
  CHECK(contains(ended.err, "stepbox: " + option + ": '" + text + "' is "));
  CHECK_FALSE(fs::exists(place.checkout() / "ran"));
}

}  // namespace stepbox::feature
