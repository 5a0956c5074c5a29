// What stepbox says about mistakes in words and files: all of them, where they are, and what the user probably meant.
#include <sys/stat.h>

#include <regex>
#include <string>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

bool says(const Run& run, std::string_view text) {
  return run.err.find(text) != std::string::npos;
}

fs::path make_script(const Place& place, const char* name, std::string_view text) {
  return place.make_file(place.checkout() / name, text, 0755);
}

// The substance of a plan: without the origins of values, the policies that were read, the ids that root's box gets,
// and the folding of lines.
std::string meaning_of(const std::string& explained) {
  const std::string without_origins = std::regex_replace(explained, std::regex("\\[[^\\]]*\\]|outside [0-9]+"), "");
  const std::string unfolded = std::regex_replace(without_origins, std::regex("\\s+"), " ");
  return std::regex_replace(unfolded, std::regex("policies .*? user "), "");
}

}  // namespace

TEST_CASE("policy check reports all mistakes of all files, each with its place", "[messages]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "a.yaml", "version: 1\nsize: 8GiB\nworkspace: {size: 8GX}\nrequire: [qota]\n");
  place.make_file(place.checkout() / "b.yaml", "version: 1\nnetwork: nine\n");
  place.make_file(place.checkout() / "c.yaml", "version: 1\n");
  const Run checked = run(place.command({program("stepbox"), "policy", "check", "a.yaml", "c.yaml", "b.yaml"}));
  INFO(checked);
  CHECK(checked.code() == 125);
  CHECK(says(checked, "a.yaml:2:1: size: unknown key (did you mean 'workspace.size'?)\n"));
  CHECK(says(checked, "a.yaml:3:19: workspace.size: '8GX' is not a size"));
  CHECK(says(checked, "a.yaml:4:11: require: 'qota' is not a protection"));
  CHECK(says(checked, "b.yaml:2:10: network: 'nine' is not host, loopback or none (did you mean 'none'?)\n"));
  CHECK_FALSE(says(checked, "c.yaml"));
  for (const std::string& line : lines_of(checked.err)) CHECK(line.starts_with("stepbox: /"));
}

TEST_CASE("the output of policy show makes the same plan", "[messages]") {
  const Caller caller = GENERATE(from_range(callers()));
  using Options = std::vector<std::string>;
  const auto options = GENERATE(values<Options>({{},
                                                 {"--policy", "go"},
                                                 {"--volume", "tmp=64MiB"},
                                                 {"--policy", "go", "--size", "300MiB", "--volume", "cache=20MiB,inodes=500", "--env", "A=x: #y",
                                                  "--unset-env", "HOME", "--network", "none", "--source", "ro", "--hide", "/opt",
                                                  "--limit", "open-files=100", "--timeout", "90s"}}));
  CAPTURE(caller, options);
  const Place place(caller);
  const auto stepbox = [&](Options words, const Options& more) {
    words.insert(words.begin(), program("stepbox"));
    words.insert(words.end(), more.begin(), more.end());
    Run ran = run(place.command(words));
    INFO(ran);
    CHECK(ran.code() == 0);
    return ran.out;
  };
  place.make_file(place.root() / "shown.yaml", stepbox({"policy", "show"}, options));
  const std::string plan = meaning_of(stepbox({"explain", "--all"}, options));
  const std::string again = meaning_of(stepbox({"explain", "--all", "--policy", place.root() / "shown.yaml"}, {}));
  CHECK(plan.size() > 1000);
  CHECK(again == plan);
}

TEST_CASE("for an unknown subcommand stepbox lists the known ones", "[messages]") {
  const Place place(Caller::user);
  const Run unknown = run(place.command({program("stepbox"), "ps"}));
  INFO(unknown);
  CHECK(what_is_wrong_with_refusal(unknown).empty());
  CHECK(says(unknown, "unknown subcommand 'ps': there are run, shell, explain, doctor, policy, caches, sweep, warm\n"));
  CHECK(says(unknown, "hint: put a command of your own after `stepbox run --`\n"));
  const Run near = run(place.command({program("stepbox"), "expalin"}));
  INFO(near);
  CHECK(says(near, "hint: did you mean 'explain'?\n"));
}

TEST_CASE("the message about a missing interpreter names the interpreter", "[messages]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string isolation = GENERATE("full", "env");
  CAPTURE(caller, isolation);
  const Place place(caller);
  make_script(place, "s.sh", "#!/usr/bin/pyton -u\n");
  make_script(place, "windows.sh", "#!/bin/sh\r\ntrue\r\n");
  for (const std::string& command : {std::string("./s.sh"), (place.checkout() / "s.sh").string()}) {
    const Run missing = place.run_step({"--isolation", isolation}, {command});
    INFO(missing);
    CHECK(missing.code() == 127);
    CHECK(says(missing, "the interpreter '/usr/bin/pyton' of command '" + command + "' was not found in the box\n"));
    CHECK(says(missing, "hint: correct the script's first line"));
    CHECK(verdict_of(place.report()) == "not-found");
  }
  const Run windows = place.run_step({"--isolation", isolation}, {"./windows.sh"});
  INFO(windows);
  CHECK(says(windows, "the interpreter '/bin/sh\\r' of command"));
  CHECK(says(windows, "hint: the script's lines end in carriage return"));
}

TEST_CASE("the message about a hidden interpreter does not tell that the host has it", "[messages]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.home() / "venv");
  place.make_directory(place.home() / "venv/bin");
  const fs::path interpreter = place.make_file(place.home() / "venv/bin/python", "", 0755);
  make_script(place, "s.sh", "#!" + interpreter.string() + "\n");
  const Run hidden = place.run_step({}, {"./s.sh"});
  INFO(hidden);
  CHECK(hidden.code() == 127);
  CHECK(says(hidden, "the interpreter '" + interpreter.string() + "'"));
  CHECK(says(hidden, "hint: correct the script's first line, or install the program that it names\n"));
}

TEST_CASE("a FIFO in the place of a command does not block stepbox", "[messages]") {
  REQUIRE_HOST(user_namespaces);
  const Place place(Caller::user);
  REQUIRE(::mkfifo((place.checkout() / "fifo").c_str(), 0777) == 0);
  const Run refused = place.run_step({}, {"./fifo"});
  INFO(refused);
  CHECK_FALSE(refused.timed_out);
  CHECK(refused.code() == 126);
}

TEST_CASE("a command typed as one word gets a hint about quotes", "[messages]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run quoted = place.run_step({}, {"make test"});
  INFO(quoted);
  CHECK(quoted.code() == 127);
  CHECK(says(quoted, "hint: the command is one word with blanks in it: leave out the quotes around it: make test\n"));
  CHECK(says(place.run_step({}, {"make && make test"}), "have a shell split it: sh -c 'make && make test'\n"));
  CHECK_FALSE(says(place.run_step({}, {"no-such-program", "make test"}), "quotes"));
}

TEST_CASE("volumes that do not fit are shown as a sum, one line each", "[messages]") {
  const Place place(Caller::user);
  const Run refused = place.run_step({"--size", "900TiB", "--volume", "tmp=100TiB"}, {"true"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(says(refused, " cannot hold them:\nstepbox:    900 TiB  workspace (--size)\nstepbox:    100 TiB  volume 'tmp' (--volume)\n"
                      "stepbox:   1000 TiB  together\n"));
}

}  // namespace stepbox::feature
