// Control groups are the one part of a box that the kernel does not remove by itself.
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/control_group.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

enum class Target { supervisor, group, everybody };

std::ostream& operator<<(std::ostream& out, Target target) {
  static constexpr const char* kNames[] = {"supervisor", "process group", "supervisor, init and guard"};
  return out << kNames[static_cast<int>(target)];
}

Command limited(const Place& place, const ControlGroup& group, std::vector<std::string> argv) {
  Command step = place.step({"--limit", "memory=128MiB", "--limit", "processes=50"}, std::move(argv));
  step.prepare = [&group] { group.enter(); };
  return step;
}

void kill_now(Target target, const Process& process) {
  const std::vector<pid_t> children = target == Target::everybody ? children_of(process.pid()) : std::vector<pid_t>();
  // Kills both together: a guard that still ran would begin to clean up in between.
  for (const pid_t pid : children) ::kill(pid, SIGSTOP);
  if (target == Target::group)
    process.signal_group(SIGKILL);
  else
    process.signal(SIGKILL);
  for (const pid_t pid : children) ::kill(pid, SIGKILL);
}

// The range of the instants, in microseconds: as in kill_test.cpp, longer where stepbox takes long to start.
int window(const Place& place) {
  const auto begin = std::chrono::steady_clock::now();
  place.run_step({}, {"true"});
  const auto start = std::chrono::steady_clock::now() - begin;
  return std::max(50'000, static_cast<int>(10 * std::chrono::duration_cast<std::chrono::microseconds>(start).count()));
}

bool nobody_is_left(const Place& place) {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  return processes_with(place.mark()).empty();
}

// A process that is about to exit has no environment any more, but is still in its groups.
bool are_empty(const std::vector<std::string>& groups) {
  for (const std::string& group : groups) {
    if (!read_file(group + "/cgroup.procs").empty()) return false;
    for (const auto& entry : fs::recursive_directory_iterator(group))
      if (entry.is_directory() && !read_file(entry.path() / "cgroup.procs").empty()) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a box that is killed at a random instant leaves no group", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  const Target target = GENERATE(Target::supervisor, Target::group);
  CAPTURE(caller, target);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> instant(0, window(place));
  const char* chosen = std::getenv("STEPBOX_TEST_KILLS");
  const int kills = chosen != nullptr ? std::atoi(chosen) : 30;
  int with_groups = 0;
  for (int i = 0; i < kills; ++i) {
    Process step(limited(place, group, {"hold_memory", "/tmp/held", "1048576"}));
    const std::chrono::microseconds when(instant(random));
    // Half of the kills start their clock when the groups are there, as in kill_test.cpp.
    if (i % 2 == 1) eventually([&] { return !group.below().empty(); });
    std::this_thread::sleep_for(when);
    with_groups += group.below().empty() ? 0 : 1;
    kill_now(target, step);
    step.finish();
    CAPTURE(i, when.count());
    REQUIRE(eventually([&] { return nobody_is_left(place); }, seconds(5)));
    REQUIRE(eventually([&] { return group.below().empty(); }, seconds(5)));
  }
  CHECK(with_groups > kills / 6);
}

TEST_CASE("the guard removes the groups that the step has nested in its own, deeper than a path is long", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = Caller::user;  // as root the step owns none
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  Process step(limited(place, group, nesting_groups("chmod 0 /tmp/g/*/; sleep 100")));
  REQUIRE(step.waits_for("nested\n"));
  step.signal(SIGKILL);
  step.finish();
  CHECK(eventually([&] { return group.below().empty(); }, seconds(20)));
}

TEST_CASE("a sweep removes what stepbox and its guard leave when both are killed together", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const auto leave_some = [&] {
    const auto before = group.below();
    const auto left = [&] {
      auto groups = group.below();
      std::erase_if(groups, [&](const std::string& name) { return std::ranges::find(before, name) != before.end(); });
      return groups;
    };
    Process step(limited(place, group, {"hold_memory", "/tmp/held", "1048576"}));
    REQUIRE(step.waits_for("ready"));
    kill_now(Target::everybody, step);
    step.finish();
    REQUIRE(eventually([&] { return nobody_is_left(place); }, seconds(5)));
    REQUIRE_FALSE(left().empty());
    REQUIRE(eventually([&] { return are_empty(left()); }, seconds(5)));
  };
  if (runs_can_share_a_group()) SECTION("by the next run, which leaves a living box alone") {
      const Place other(caller);
      Process living(limited(other, group, {"sh", "-c", "echo ready; while [ ! -e go ]; do sleep 0.05; done"}));
      REQUIRE(living.waits_for("ready"));
      const auto held = group.below();
      leave_some();
      Command next = place.step({}, {"true"});
      next.prepare = [&] { group.enter(); };
      CHECK(run(next).code() == 0);
      CHECK(group.below() == held);
      other.make_file(other.checkout() / "go", "");
      CHECK(living.finish().code() == 0);
      CHECK(group.below().empty());
    }
  SECTION("by stepbox sweep, which says so") {
    leave_some();
    const auto left = group.below();
    Command sweep = place.command({program("stepbox"), "sweep"});
    sweep.prepare = [&] { group.enter(); };
    const Run swept = run(sweep);
    INFO(swept);
    CHECK(swept.code() == 0);
    for (const std::string& directory : left) CHECK(swept.out.find("removed " + directory) != std::string::npos);
    CHECK(group.below().empty());
  }
}

}  // namespace stepbox::feature
