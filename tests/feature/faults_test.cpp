// A system call that fails, or a process that dies, at a chosen moment: strace(1) injects the fault.
// tests/faults/run.sh tries every call; these cases are the faults that once did harm.
#include <unistd.h>

#include <csignal>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

const HostFeature call_injection = {"strace", [] { return ::access("/usr/bin/strace", X_OK) == 0; }, "apt-get install strace"};

// The same command under strace, which does `what` to the calls named `call`.
class Injected {
 public:
  Injected(const Place& place, Command command, const std::string& call, const std::string& what)
      : log_(place.make_directory(place.root() / ("strace-" + call)) / "log"), command_(std::move(command)) {
    std::vector<std::string> argv = {"strace", "-f", "-qq", "-o", log_, "-e", "trace=" + call, "-e", "signal=none",
                                     "-e", "inject=" + call + ":" + what};
    argv.insert(argv.end(), command_.argv.begin(), command_.argv.end());
    command_.argv = std::move(argv);
  }
  Run run() const { return feature::run(command_); }
  // Otherwise the case has tested nothing.
  bool was_hit() const {
    const std::string log = read_file(log_);
    return log.contains("(INJECTED)") || log.contains("= ?");
  }

 private:
  std::string log_;
  Command command_;
};

}  // namespace

TEST_CASE("a step that dies before its exec ends the run, in every isolation mode", "[faults]") {
  REQUIRE_HOST(call_injection);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string isolation = GENERATE("full", "landlock", "env");
  // Only the step makes these calls: it changes its directory last, and reports before its exec.
  const auto [call, what] = GENERATE(table<std::string, std::string>({{"chdir", "signal=KILL"},
                                                                      {"sendto", "error=ENOMEM"},
                                                                      {"sendto", "error=EPERM"},
                                                                      {"sendto", "error=ENOSPC"},
                                                                      {"sendto", "error=EMFILE"}}));
  CAPTURE(caller, isolation, call, what);
  const Place place(caller);
  const Command step = place.step({"--isolation", isolation}, {"sh", "-c", "echo ran > canary"});
  const Injected injected(place, step, call, what);
  const Run ended = injected.run();
  INFO(ended);
  CHECK(injected.was_hit());
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 125);
  CHECK((ended.err.contains("while the box was being made") || ended.err.contains("could not say what failed")));
  CHECK_FALSE(fs::exists(place.checkout() / "canary"));
}

TEST_CASE("the exit code tells of a missing command when every message is lost", "[faults]") {
  REQUIRE_HOST(call_injection);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string isolation = GENERATE("full", "env");
  CAPTURE(caller, isolation);
  const Place place(caller);
  // In its first message the step says that it is about to start.
  const Injected injected(place, place.step({"--isolation", isolation}, {"no-such-command"}), "sendto", "error=ENOMEM:when=2");
  const Run ended = injected.run();
  INFO(ended);
  CHECK(injected.was_hit());
  CHECK(ended.code() == 127);
  CHECK(verdict_of(place.report()) != "success");
}

TEST_CASE("a directory that stepbox cannot lock is not left behind", "[faults]") {
  REQUIRE_HOST(call_injection);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string isolation = GENERATE("landlock", "env");
  CAPTURE(caller, isolation);
  const Place place(caller);
  const fs::path tmp = place.make_directory(place.root() / "t");
  Command step = place.step({"--isolation", isolation}, {"sh", "-c", "echo ran > canary"});
  std::erase_if(step.environment, [](const std::string& entry) { return entry.starts_with("TMPDIR="); });
  step.environment.push_back("TMPDIR=" + tmp.string());
  const Injected injected(place, step, "flock", "error=ENOLCK");
  const Run refused = injected.run();
  INFO(refused);
  CHECK(injected.was_hit());
  CHECK(refused.code() == 125);
  CHECK(refused.err.contains("cannot lock the step's directory"));
  CHECK(fs::is_empty(tmp));
  CHECK_FALSE(fs::exists(place.checkout() / "canary"));
}

}  // namespace stepbox::feature
