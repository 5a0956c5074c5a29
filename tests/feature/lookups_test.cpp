// A failed look at a path does not mean that nothing is there. If a protection depends on the path, the run ends; if
// the path would only show more to the step, stepbox passes it over. strace(1) injects the faults into the real
// binary.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

// Fails all calls of this kind that stepbox (not its children) makes on this path.
Run with_fault(Command command, const std::string& path, const std::string& error, const std::string& calls = "%file") {
  const std::vector<std::string> tracer = {"strace", "-qqq", "-o", "/dev/null", "-P", path, "-e", "trace=" + calls,
                                           "-e", "inject=" + calls + ":error=" + error};
  command.argv.insert(command.argv.begin(), tracer.begin(), tracer.end());
  return run(command);
}

struct Case {
  const char* what;
  std::string path;
  std::vector<std::string> options = {};
  std::vector<std::string> environment = {};
};

std::vector<std::string> writing_canary() { return {"sh", "-c", "echo ran > canary"}; }

// Paths that protect: where stepbox cannot look at one, it runs nothing.
std::vector<Case> protecting(const Place& place) {
  const std::string secret = place.make_directory(place.checkout() / "secret");
  const std::string shown = place.make_directory(place.root() / "shown");
  const std::string policies = place.root() / "config/stepbox";
  place.make_directory(place.root() / "config");
  place.make_directory(policies);
  place.make_file(policies + "/policy.yaml", "version: 1\n");
  const std::string config = "XDG_CONFIG_HOME=" + (place.root() / "config").string();
  const std::string checkout = place.checkout();
  std::vector<Case> cases = {
      {"a hidden directory", secret, {"--hide", secret}},
      {"a path shown by name", shown, {"--ro", shown}},
      {"a path writable by name", shown, {"--rw", shown}},
      {"the checkout that is named", shown, {"--source-path", shown}},
      {"the home", place.home()},
      {"/var/tmp", "/var/tmp"},
      {"the user database", "/etc/passwd"},
      {"the working directory", checkout},
      {"the mark of version control", checkout + "/.git"},
      {"the project's policy", checkout + "/.stepbox.yaml"},
      {"the directory of the user's policy", policies, {}, {config}},
      {"the user's policy", policies + "/policy.yaml", {}, {config}},
      {"the site's policy", "/etc/stepbox/policy.yaml"},
      {"the groups of this process", "/proc/self/cgroup"},
      {"the mounts", "/proc/self/mountinfo"},
      {"the root directory", "/"},
      {"the warm store", shown, {"--home", "host"}, {"STEPBOX_WARM_STORE=" + shown}},
  };
  if (place.caller() == Caller::root) cases.push_back({"the home of the user database", "/root"});
  return cases;
}

// Paths that only show something to the step.
std::vector<Case> showing(const Place& place) {
  place.make_directory(place.home() / ".cargo");
  const std::string cargo = place.make_directory(place.home() / ".cargo/bin");
  const std::string tools = place.make_directory(place.home() / "tools");
  const std::string runner = place.make_directory(place.root() / "runner");
  const std::string output = place.make_file(runner + "/output", "");
  const std::string path = "PATH=/usr/bin:/bin:" + tools;
  return {
      {"a toolchain", cargo},
      {"an entry of PATH", tools, {}, {path}},
      {"a file of the CI engine", runner, {}, {"GITHUB_OUTPUT=" + output}},
  };
}

// A later variable of the same name wins.
Command command_of(const Place& place, const Case& row) {
  Command command = place.step(row.options, writing_canary());
  for (const std::string& variable : row.environment) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    std::erase_if(command.environment, [&](const std::string& known) { return known.starts_with(name); });
    command.environment.push_back(variable);
  }
  return command;
}

}  // namespace

TEST_CASE("a failed look at a protecting path ends the run, with the path and the errno", "[lookups]") {
  REQUIRE_HOST(call_tracer);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string error = GENERATE("EIO", "ESTALE", "ENOMEM", "EACCES", "ELOOP");
  const Place place(caller);
  for (const Case& row : protecting(place)) {
    CAPTURE(caller, error, row.what, row.path);
    const Run refused = with_fault(command_of(place, row), row.path, error);
    INFO(refused);
    CHECK(refused.code() == 125);
    CHECK(refused.out.empty());
    CHECK(refused.err.find("'" + row.path + "'") != std::string::npos);
    CHECK(refused.err.find(error) != std::string::npos);
    CHECK_FALSE(fs::exists(place.checkout() / "canary"));
    fs::remove(place.checkout() / "canary");
  }
}

TEST_CASE("a failed look at a path that would only show something is passed over, and --verbose says so", "[lookups]") {
  REQUIRE_HOST(call_tracer);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string error = GENERATE("EIO", "EACCES", "ELOOP");
  const Place place(caller);
  for (Case& row : showing(place)) {
    CAPTURE(caller, error, row.what, row.path);
    const Run quiet = with_fault(command_of(place, row), row.path, error);
    INFO(quiet);
    CHECK(quiet.code() == 0);
    CHECK(quiet.err.empty());
    row.options.push_back("--verbose");
    const Run verbose = with_fault(command_of(place, row), row.path, error);
    INFO(verbose);
    CHECK(verbose.code() == 0);
    CHECK(verbose.err.find("passing over '" + row.path) != std::string::npos);
  }
}

TEST_CASE("a directory that cannot be listed to its end does not count as one with fewer entries", "[lookups]") {
  REQUIRE_HOST(call_tracer);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  SECTION("the home, whose list only saves a look for each toolchain") {
    place.make_directory(place.home() / ".cargo");
    place.make_directory(place.home() / ".cargo/bin");
    const std::string cargo = place.home() / ".cargo/bin";
    const Run ran = with_fault(place.step({}, {"ls", "-d", cargo}), place.home(), "EIO", "getdents64");
    INFO(ran);
    CHECK(ran.out == cargo + "\n");
  }
  SECTION("the root directory, without which the step has no programs") {
    const Run refused = with_fault(place.step({}, writing_canary()), "/", "EIO", "getdents64");
    INFO(refused);
    CHECK(refused.code() == 125);
    CHECK(refused.err.find("cannot list '/': input/output error (EIO)") != std::string::npos);
  }
}

TEST_CASE("a missing path is no fault where it is missing outside as well", "[lookups]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({}, {"true"});
  step.environment[1] = "HOME=" + (place.root() / "no-such-home").string();
  CHECK(run(step).code() == 0);
  step.environment[1] = "HOME=/etc/passwd/below-a-file";
  CHECK(run(step).code() == 0);
}

TEST_CASE("an ordinary user's run works where other users' directories are closed to it", "[lookups]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::user);
  const fs::path closed = place.root() / "closed";
  fs::create_directory(closed);
  REQUIRE(::chmod(closed.c_str(), 0700) == 0);
  REQUIRE(::chown(closed.c_str(), 0, 0) == 0);
  Command step = place.step({"--verbose"}, {"sh", "-c", "echo $HOME"});
  step.environment[0] += ":" + (closed / "bin").string() + ":/root/bin";
  SECTION("entries of PATH, files of a CI engine") {
    step.environment.push_back("GITHUB_OUTPUT=" + (closed / "output").string());
  }
  SECTION("a root-owned home, as setpriv and images leave it") {
    step.environment[1] = "HOME=" + closed.string();
  }
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "/box/home\n");
}

TEST_CASE("--hide of a missing path is refused for an operator, and not for a project", "[lookups]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  SECTION("an option") {
    const Run refused = place.run_step({"--hide", "/srv/no-such-secret"}, writing_canary());
    INFO(refused);
    CHECK(what_is_wrong_with_refusal(refused) == "");
    CHECK(refused.err.find("cannot hide '/srv/no-such-secret' (--hide): it does not exist") != std::string::npos);
    CHECK_FALSE(fs::exists(place.checkout() / "canary"));
  }
  SECTION("a variable") {
    Command step = place.step({}, writing_canary());
    step.environment.push_back("STEPBOX_HIDE=/srv/no-such-secret");
    CHECK(what_is_wrong_with_refusal(run(step)) == "");
  }
  SECTION("a project") {
    place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nfilesystem: {hide: [/srv/no-such-secret]}\n");
    const Run ran = place.run_step({}, writing_canary());
    INFO(ran);
    CHECK(ran.code() == 0);
  }
}

}  // namespace stepbox::feature
