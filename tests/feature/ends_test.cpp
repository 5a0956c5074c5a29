// Exit codes: the step's own (promise 5), and stepbox's, which is never mistaken for it (promise 6).
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include <catch2/catch.hpp>

#include "support/place.hpp"

namespace stepbox::feature {

TEST_CASE("stepbox exits with the step's exit code", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int code = GENERATE(0, 1, 2, 3, 42, 99, 123, 124, 125, 126, 127, 128, 130, 254, 255);
  CAPTURE(caller, code);
  const Place place(caller);
  const Run ended = place.run_step({}, {"end_with", "code", std::to_string(code)});
  INFO(ended);
  CHECK(ended.code() == code);
  CHECK(ended.out.empty());
  const Json report = place.report();
  CHECK(verdict_of(report) == (code == 0 ? "success" : "failure"));
  CHECK(report.at("outcome").at("exit_code") == code);
  CHECK(report.at("outcome").at("signal").is_null());
}

TEST_CASE("an unread stderr does not hold up the report, and holds up the exit code only briefly", "[ends]") {
  const Place place(Caller::user);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  while (::write(ends[1], "x", 1) == 1) {
  }
  ::fcntl(ends[1], F_SETFL, ::fcntl(ends[1], F_GETFL) & ~O_NONBLOCK);
  Command command = place.step({}, {"end_with", "code", "3"});
  command.stderr_fd = ends[1];
  Process step(command);
  // Only a reader needs the summary.
  CHECK(eventually([&] { return fs::exists(place.report_file()); }, seconds(5)));
  const Run ended = step.finish();
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 3);
  CHECK(verdict_of(place.report()) == "failure");
}

TEST_CASE("a step that a signal ends gives 128 plus the signal's number", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int signal = GENERATE(SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGPIPE,
                              SIGTERM, SIGSYS, 34, 64);
  CAPTURE(caller, signal);
  const Place place(caller);
  const Run ended = place.run_step({}, {"end_with", "signal", std::to_string(signal)});
  INFO(ended);
  CHECK(WIFEXITED(ended.status));
  CHECK(ended.code() == 128 + signal);
  CHECK(verdict_of(place.report()) == "signal");
}

TEST_CASE("a command that does not exist gives 127", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string command = GENERATE("no-such-command", "/no/such/command", "./no-such-command", "/etc/passwd/x");
  CAPTURE(caller, command);
  const Place place(caller);
  const Run ended = place.run_step({}, {command});
  INFO(ended);
  CHECK(ended.code() == 127);
  CHECK(ended.out.empty());
  CHECK(ended.err.find(command) != std::string::npos);
  CHECK(verdict_of(place.report()) == "not-found");
}

TEST_CASE("a script whose interpreter is missing gives 127 and says so", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "script", "#!/no/such/interpreter\n", 0755);
  const Run ended = place.run_step({}, {"./script"});
  INFO(ended);
  CHECK(ended.code() == 127);
  CHECK(ended.err.find("interpreter") != std::string::npos);
}

TEST_CASE("a file that cannot be executed gives 126", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "no-x-bit", "#!/bin/sh\n", 0644);
  place.make_directory(place.checkout() / "directory");
  place.make_file(place.checkout() / "garbage",
                  std::string("\x7f"
                              "ELFgarbage\0\1\2",
                              14),
                  0755);
  const std::string command = GENERATE("./no-x-bit", "./directory", "/etc/passwd");
  CAPTURE(command);
  const Run ended = place.run_step({}, {command});
  INFO(ended);
  CHECK(ended.code() == 126);
  CHECK(ended.err.find(command) != std::string::npos);
  CHECK(verdict_of(place.report()) == "not-executable");
}

TEST_CASE("the shell runs a script without an interpreter line, with its arguments", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "script", "echo \"$0 $1\"; exit 9\n", 0755);
  const Run ended = place.run_step({}, {"./script", "one"});
  INFO(ended);
  CHECK(ended.code() == 9);
  CHECK(ended.out == "./script one\n");
}

TEST_CASE("bad usage gives 125 and one message, and the step does not run", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::vector<std::string> options =
      GENERATE(values<std::vector<std::string>>({{"--no-such-option"},
                                                 {"--size", "12parsecs"},
                                                 {"--size", "-1"},
                                                 {"--size", ""},
                                                 {"--size", "99999999999999999999G"},
                                                 {"--inodes", "0"},
                                                 {"--volume", "nowhere=1MiB"},
                                                 {"--source", "maybe"},
                                                 {"--network", "carrier-pigeon"},
                                                 {"--policy", "no-such-policy"},
                                                 {"--policy", "/no/such/policy.yaml"},
                                                 {"--ro", "/no/such/path"},
                                                 {"--rw", "/"},
                                                 {"--pass-fd", "77"},
                                                 {"--pass-fd", "x"},
                                                 {"--require", "no-such-protection"},
                                                 {"--summary", "sometimes"},
                                                 {"--verbose=3"},
                                                 {"--clear-env=3"},
                                                 {"--timeout", "-1s"}}));
  CAPTURE(caller, options);
  const Place place(caller);
  const Run ended = place.run_step(options, {"sh", "-c", "echo ran > canary"});
  INFO(ended);
  CHECK(ended.code() == 125);
  CHECK(ended.out.empty());
  CHECK(ended.err.starts_with("stepbox: "));
  CHECK_FALSE(fs::exists(place.checkout() / "canary"));
}

TEST_CASE("a subcommand refuses words that it has no use for, and points to its help", "[ends]") {
  const std::vector<std::string> words = GENERATE(values<std::vector<std::string>>(
      {{"policy", "list"}, {"policy", "schema"}, {"policy", "show"}, {"policy", "check"}, {"caches"}, {"doctor"}}));
  CAPTURE(words);
  const Place place(callers().front());
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> argv = {program("stepbox")};
    argv.insert(argv.end(), words.begin(), words.end());
    argv.insert(argv.end(), more.begin(), more.end());
    return run(place.command(argv));
  };
  const Run refused = with({"cargo", "no-such-word"});
  INFO(refused);
  CHECK(refused.code() == 125);
  CHECK(refused.out.empty());
  CHECK(refused.err.starts_with("stepbox: "));
  const Run helped = with({"--help"});
  INFO(helped);
  CHECK(helped.code() == 0);
  CHECK(helped.out.starts_with("usage: "));
}

TEST_CASE("--verbose says what the box is made of, on stderr alone", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run quiet = place.run_step({}, {"true"});
  INFO(quiet);
  CHECK(quiet.err.empty());
  const Run told = place.run_step({"--verbose", "--volume", "tmp=1MiB"}, {"true"});
  INFO(told);
  CHECK(told.out.empty());
  for (const char* line : {"policy default (built in)", "volume 'tmp' at /box/tmp: 1 MiB", "the box was taken apart in "})
    CHECK(told.err.find(std::string("stepbox: ") + line) != std::string::npos);
}

TEST_CASE("a broken project policy is refused with its file and line", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nworkspace:\n  sise: 1GiB\n");
  const Run ended = place.run_step({}, {"sh", "-c", "echo ran > canary"});
  INFO(ended);
  CHECK(ended.code() == 125);
  CHECK(ended.err.find(".stepbox.yaml:3:3") != std::string::npos);
  CHECK(ended.err.find("size") != std::string::npos);
  CHECK_FALSE(fs::exists(place.checkout() / "canary"));
}

TEST_CASE("stepbox finds out before the step runs that it cannot write the report", "[ends]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ended = run(place.command({program("stepbox"), "run", "--report", "/no/such/directory/report.json", "--",
                                       "sh", "-c", "echo ran > canary"}));
  INFO(ended);
  CHECK(what_is_wrong_with_refusal(ended).empty());
  CHECK_FALSE(fs::exists(place.checkout() / "canary"));
}

}  // namespace stepbox::feature
