// Promise 4 after SIGKILL of the supervisor, of init, of both, of the group, or of the parent, at any instant.
//
// The suite is a subreaper, so that it sees processes that would become orphans of the host. STEPBOX_TEST_KILLS sets
// the number of kills per target, STEPBOX_TEST_SEED repeats a run.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

using std::chrono::microseconds;

// An instrumented stepbox takes long to start, which makes every kill slow: see window().
#ifdef STEPBOX_INSTRUMENTED
constexpr int kKills = 8;
#else
constexpr int kKills = 40;
#endif

enum class Target { supervisor, init, both, group, parent };

std::ostream& operator<<(std::ostream& out, Target target) {
  static constexpr const char* kNames[] = {"supervisor", "init", "supervisor and init", "process group", "parent"};
  return out << kNames[static_cast<int>(target)];
}

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : otherwise;
}

void reap_everything_of_ours() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

void kill_all(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
}

// A parent between the suite and stepbox, to be killed together with stepbox or alone. It prints stepbox's pid.
Command below_a_parent(const Command& step) {
  Command parent = step;
  parent.argv = {"/bin/sh", "-c", "\"$@\" & echo pid $!; wait", "sh"};
  parent.argv.insert(parent.argv.end(), step.argv.begin(), step.argv.end());
  return parent;
}

void kill_now(Target target, const Process& process) {
  switch (target) {
    case Target::supervisor: process.signal(SIGKILL); break;
    case Target::init: kill_all(children_of(process.pid())); break;
    case Target::both: {
      const auto children = children_of(process.pid());
      process.signal(SIGKILL);
      kill_all(children);
      break;
    }
    case Target::group: process.signal_group(SIGKILL); break;
    case Target::parent: process.signal(SIGKILL); break;
  }
}

// The range of the instants, in microseconds: 50 ms, or longer where an emulated or instrumented stepbox takes long to
// start. Most kills should hit a box.
int window(const Place& place) {
  const auto begin = std::chrono::steady_clock::now();
  Process step(place.step({}, {"hold_memory", "/tmp/held", "4096"}));
  REQUIRE(step.waits_for("ready"));
  const microseconds start = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begin);
  return std::max(50'000, static_cast<int>(10 * start.count()));
}

// The children that lead a pid namespace; the others are helpers. One helper is LeakSanitizer's, at the end of an
// instrumented stepbox: if it were killed, LeakSanitizer would wait for ever.
std::vector<pid_t> inits_of(pid_t stepbox) {
  std::vector<pid_t> children = children_of(stepbox);
  std::erase_if(children, [](pid_t child) {
    for (const std::string& line : lines_of(read_file("/proc/" + std::to_string(child) + "/status")))
      if (line.starts_with("NSpid:")) return std::ranges::count(line, '\t') < 2;
    return true;
  });
  return children;
}

// At the first kill there may have been no init yet, or only a helper. The step ignores signals, so the box would
// never end.
void kill_init_until_the_end(const Process& step) {
  eventually([&] {
    kill_all(inits_of(step.pid()));
    const std::string stat = read_file("/proc/" + std::to_string(step.pid()) + "/stat");
    return stat.find(") Z ") != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a box that is killed at a random instant leaves nothing", "[kill]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Target target = GENERATE(Target::supervisor, Target::init, Target::both, Target::group);
  CAPTURE(caller, target);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int kills = number_from("STEPBOX_TEST_KILLS", kKills);
  const int seed = number_from("STEPBOX_TEST_SEED", static_cast<int>(std::random_device{}() & 0x7fffffff));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  const Place place(caller);
  std::uniform_int_distribution<int> instant(0, window(place));
  constexpr long kHeldKib = 8L << 10;
  const auto mounts = host_mounts();
  const long shmem = shmem_kib();
  microseconds longest{0};
  int with_init = 0;
  for (int i = 0; i < kills; ++i) {
    Process step(place.step(
        {}, {"sh", "-c", "ignore_signals 100000 & setsid ignore_signals 100000 & hold_memory /tmp/held 8388608"}));
    const microseconds when(instant(random));
    // Half of the kills start their clock when the box is up, or a machine that gets busy would have no box for a long
    // time.
    if (i % 2 == 1) eventually([&] { return !inits_of(step.pid()).empty(); });
    std::this_thread::sleep_for(when);
    with_init += inits_of(step.pid()).empty() ? 0 : 1;
    kill_now(target, step);
    if (target == Target::init) kill_init_until_the_end(step);
    const auto killed = std::chrono::steady_clock::now();
    const Run run = step.finish();
    if (run.timed_out) FAIL("kill " << i << " after " << when.count() << " us: stepbox did not end\n" << run);
    const bool gone = eventually(
        [&] {
          reap_everything_of_ours();
          return processes_with(place.mark()).empty();
        },
        seconds(5));
    longest = std::max(longest, std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - killed));
    if (!gone) {
      const auto survivors = processes_with(place.mark());
      kill_all(survivors);
      FAIL("kill " << i << " after " << when.count() << " us left " << describe(survivors));
    }
  }
  CHECK(host_mounts() == mounts);
  CHECK(eventually([&] { return shmem_kib() < shmem + 2 * kHeldKib; }));
  // Most kills hit a box, not a stepbox that had hardly begun.
  CHECK(with_init > kills / 2);
  std::cerr << "kill: " << kills << " of " << target << " as " << caller << ", seed " << seed
            << ": nothing left, longest " << longest.count() / 1000 << " ms\n";
}

TEST_CASE("nothing is left when stepbox is killed together with its parent", "[kill]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int kills = number_from("STEPBOX_TEST_KILLS", kKills);
  const int seed = number_from("STEPBOX_TEST_SEED", static_cast<int>(std::random_device{}() & 0x7fffffff));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  const Place place(caller);
  std::uniform_int_distribution<int> instant(0, window(place));
  const auto mounts = host_mounts();
  for (int i = 0; i < kills; ++i) {
    Process parent(below_a_parent(place.step({}, {"hold_memory", "/tmp/held", "1048576"})));
    parent.waits_for("pid ");
    std::this_thread::sleep_for(microseconds(instant(random)));
    parent.signal_group(SIGKILL);
    parent.finish();
    const bool gone = eventually(
        [&] {
          reap_everything_of_ours();
          return processes_with(place.mark()).empty();
        },
        seconds(5));
    if (!gone) {
      const auto survivors = processes_with(place.mark());
      kill_all(survivors);
      FAIL("kill " << i << " left " << describe(survivors));
    }
  }
  CHECK(host_mounts() == mounts);
  std::cerr << "kill: " << kills << " of parent and stepbox as " << caller << ", seed " << seed << ": nothing left\n";
}

TEST_CASE("a stepbox whose parent alone was killed runs on, and leaves nothing when it ends", "[kill]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const Place place(caller);
  // The harness's PDEATHSIG does not reach stepbox: the parent is a shell, which does not pass it on.
  Process parent(below_a_parent(place.step({}, {"sh", "-c", "sleep 0.5; echo finished > result"})));
  REQUIRE(parent.waits_for("pid "));
  parent.signal(SIGKILL);
  parent.finish();
  CHECK(eventually(
      [&] {
        reap_everything_of_ours();
        return processes_with(place.mark()).empty();
      },
      seconds(10)));
  CHECK(read_file(place.checkout() / "result") == "finished\n");
}

TEST_CASE("when init is killed from outside, stepbox says so and gives 125", "[kill]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"hold_memory", "/tmp/held", "1048576"}));
  REQUIRE(step.waits_for("ready"));
  const pid_t init = init_of(step.pid());
  REQUIRE(init > 0);
  ::kill(init, SIGKILL);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 125);
  CHECK(verdict_of(place.report()) == "launcher-error");
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("killing a stepbox that is stopped for good ends its box too", "[kill]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"hold_memory", "/tmp/held", "1048576"}));
  REQUIRE(step.waits_for("ready"));
  step.signal(SIGSTOP);
  step.signal(SIGKILL);
  step.finish();
  CHECK(eventually([&] { return processes_with(place.mark()).empty(); }, seconds(5)));
}

TEST_CASE("the harness sees survivors where there are some", "[kill]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const Place place(caller);
  Process parent(below_a_parent(place.command({program("ignore_signals"), "100000"})));
  REQUIRE(parent.waits_for("ready"));
  parent.signal(SIGKILL);
  const auto survivors = processes_with(place.mark());
  kill_all(survivors);
  parent.finish();
  CHECK_FALSE(survivors.empty());
  CHECK(eventually([&] {
    reap_everything_of_ours();
    return processes_with(place.mark()).empty();
  }));
}

}  // namespace stepbox::feature
