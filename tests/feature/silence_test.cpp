// A step that writes nothing for too long is ended, and a step that writes is not, whatever its output is.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"
#include "support/terminal.hpp"

namespace stepbox::feature {
namespace {

using Clock = std::chrono::steady_clock;

const std::vector<std::string> kStreams = {"file", "pipe", "terminal", "socket"};

// Runs stepbox with stdout and stderr of that kind, which the caller itself made. Returns the exit code.
int run_with(const std::string& stream, const Place& place, std::vector<std::string> options,
             std::vector<std::string> argv) {
  Command command = place.step(std::move(options), std::move(argv));
  if (stream == "terminal") return TerminalSession(command).finish(seconds(40));
  std::vector<std::string> words = std::move(command.argv);
  if (stream == "socket") {
    command.argv = {program("print_to_socket")};
  } else {
    const std::string redirect = stream == "file" ? ">output 2>&1" : "2>&1 | cat";
    command.argv = {"bash", "-c", "set -o pipefail; \"$@\" " + redirect, "bash"};
  }
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  const Run ended = run(command);
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  return ended.code();
}

}  // namespace

TEST_CASE("the limit on silence ends a sleeper", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string stream = GENERATE(from_range(kStreams));
  CAPTURE(caller, stream);
  const Place place(caller);
  const auto start = Clock::now();
  CHECK(run_with(stream, place, {"--silence", "1s"}, {"sh", "-c", "echo begun; sleep 100"}) == 124);
  CHECK(Clock::now() - start >= seconds(1));
  const Json report = place.report();
  INFO(report.dump(1));
  CHECK(verdict_of(report) == "silence");
  CHECK(report.at("outcome").at("sentence") ==
        "the step wrote nothing to its stdout and stderr for 1s (--silence); asked to end, it was ended by SIGTERM");
  CHECK(report.at("outcome").at("limit").at("name") == "silence");
  CHECK(report.at("diagnostics").at(0).at("reason") == "silence");
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a step that writes now and then is left alone", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string stream = GENERATE(from_range(kStreams));
  CAPTURE(caller, stream);
  const Place place(caller);
  // Four ways to write take turns, each for a third of a second: the shell, the other stream, an orphan, another
  // program. The limit is twelve times as long, since a busy machine stretches a sleep, and the whole step is longer
  // than the limit.
  const std::string script =
      "i=0; while [ $i -lt 4 ]; do printf .; sleep 0.33; printf . >&2; sleep 0.33; (printf . &); sleep 0.33; "
      "head -c 9 /dev/zero; sleep 0.33; i=$((i+1)); done; exit 5";
  CHECK(run_with(stream, place, {"--silence", "4s"}, {"sh", "-c", script}) == 5);
  CHECK(verdict_of(place.report()) == "failure");
}

TEST_CASE("each way of writing counts by itself", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string how = GENERATE("printf .", "printf . >&2", "(printf . &)", "head -c 9 /dev/zero");
  CAPTURE(caller, how);
  const Place place(caller);
  const std::string script = "i=0; while [ $i -lt 15 ]; do " + how + "; sleep 0.33; i=$((i+1)); done; exit 5";
  CHECK(run_with("pipe", place, {"--silence", "4s"}, {"sh", "-c", script}) == 5);
}

TEST_CASE("a step that writes only to other files is silent", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  CHECK(run_with("pipe", place, {"--silence", "1s"}, {"sh", "-c", "while :; do echo x >> log; sleep 0.1; done"}) ==
        124);
  CHECK(verdict_of(place.report()) == "silence");
}

TEST_CASE("the step does not run where its output cannot be watched", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  SECTION("both streams go nowhere") {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    Command command = place.step({"--silence", "1s"}, {"touch", "ran"});
    command.stdout_fd = nowhere;
    command.argv = {"bash",
                    "-c",
                    "\"$@\" 2>/dev/null; code=$?; exec 2>&1; exit $code",
                    "bash",
                    command.argv[0],
                    "run",
                    "--silence",
                    "1s",
                    "--",
                    "touch",
                    "ran"};
    CHECK(run(command).code() == 125);
    ::close(nowhere);
  }
  SECTION("the output is not a stream") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    Command command = place.step({"--silence", "1s"}, {"touch", "ran"});
    command.stdout_fd = full;
    const Run refused = run(command);
    INFO(refused);
    CHECK(what_is_wrong_with_refusal(refused).empty());
    CHECK(refused.err.find("the limit on silence (--silence) cannot be kept: cannot watch descriptor 1 (/dev/full)") !=
          std::string::npos);
    ::close(full);
  }
  SECTION("the output is a pipe that another user made") {
    REQUIRE_HOST(root_suite);
    if (caller == Caller::root) return;  // may watch everything
    const Run refused = place.run_step({"--silence", "1s"}, {"touch", "ran"});
    INFO(refused);
    CHECK(what_is_wrong_with_refusal(refused).empty());
    CHECK(refused.err.find("which another user made: permission denied (EACCES)") != std::string::npos);
  }
  CHECK_FALSE(fs::exists(place.checkout() / "ran"));
}

TEST_CASE("one of the two streams may go nowhere", "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command command = place.step({"--silence", "1s"}, {"sh", "-c", "while :; do echo unseen; sleep 0.1; done"});
  const std::vector<std::string> words = command.argv;
  command.argv = {"bash", "-c", "\"$@\" 2>log >/dev/null", "bash"};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  CHECK(run(command).code() == 124);
  CHECK(verdict_of(place.report()) == "silence");
}

TEST_CASE("silence that came first is the verdict, even if the time is over too before stepbox can act",
          "[deadlines]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path written = place.make_file(place.root() / "written", "");
  const int file = ::open(written.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  Command command = place.step({"--silence", "300ms", "--timeout", "2s", "--grace", "2s"}, {"count_signals", "100000"});
  command.stdout_fd = command.stderr_fd = file;
  Process step(command);
  ::close(file);
  REQUIRE(eventually([&] { return read_file(written).find("got 15\n") != std::string::npos; }, seconds(20)));
  step.signal(SIGSTOP);
  CHECK(init_ends_box(place.mark(), step.pid()));
  step.signal(SIGCONT);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(verdict_of(place.report()) == "silence");
  CHECK(place.report().at("outcome").at("limit").at("killed") == true);
}

}  // namespace stepbox::feature
