// What the control groups have counted, and whose limit it was.
#include <csignal>

#include <catch2/catch.hpp>

#include "report/report.hpp"
#include "run/fill_report.hpp"

using namespace stepbox;

namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

LimitUsage memory_of(const CgroupUsage& usage) {
  Report report;
  const CgroupPlan plan{.limits = {{"memory", 128 * kMiB, {}}}};
  run::fill_limits(report, plan, usage);
  return report.limits.at(0);
}

}  // namespace

TEST_CASE("a limit that the kernel refused memory for was reached", "[fill-report]") {
  CHECK_FALSE(memory_of({.memory_peak = 100 * kMiB, .memory_refused = 3, .oom_kills = 1}).hits_from_above);
}

TEST_CASE("use that came up to the limit is a sign where the kernel counts no refusal", "[fill-report]") {
  CHECK_FALSE(memory_of({.memory_peak = 128 * kMiB, .oom_kills = 1}).hits_from_above);
  // The last few pages were refused together.
  CHECK_FALSE(memory_of({.memory_peak = 128 * kMiB - 32768, .oom_kills = 1}).hits_from_above);
  // With swap, memory alone stays below.
  CHECK_FALSE(memory_of({.memory_peak = 90 * kMiB, .memory_and_swap_peak = 128 * kMiB, .oom_kills = 1}).hits_from_above);
}

TEST_CASE("a limit that was never near was not reached", "[fill-report]") {
  CHECK(memory_of({.memory_peak = 100 * kMiB, .memory_and_swap_peak = 100 * kMiB, .oom_kills = 1}).hits_from_above);
  // Without a kill there is nobody to blame.
  CHECK_FALSE(memory_of({.memory_peak = 100 * kMiB}).hits_from_above);
}

TEST_CASE("who held the memory matters where a process was killed for it", "[fill-report]") {
  Report report;
  report.memory_holder = MemoryHolder{3, "cc1plus", 900, false};
  SECTION("one was") {
    run::fill_limits(report, {}, {.oom_kills = 1});
    CHECK(report.memory_holder);
  }
  SECTION("none was") {
    run::fill_limits(report, {}, {});
    CHECK_FALSE(report.memory_holder);
  }
}

TEST_CASE("kills around a box are its concern when they could explain how it ended", "[fill-report]") {
  Report report;
  report.outcome = BoxKilled{SIGKILL};
  CHECK(run::may_have_failed_for_memory(report));
  run::fill_enclosing_memory(report, 0, 512 * kMiB);
  CHECK(report.limits.empty());
  report::conclude(report);
  CHECK(report.exit_code == kExitLauncher);
  run::fill_enclosing_memory(report, 2, 512 * kMiB);
  REQUIRE(report.limits.size() == 1);
  CHECK(report.limits[0].hits == 2);
  CHECK(report.limits[0].limit == 512 * kMiB);
  CHECK(report.limits[0].hits_from_above);
  report::conclude(report);
  CHECK(report.exit_code == kExitSignalBase + SIGKILL);
  report.outcome = Exited{0};
  CHECK_FALSE(run::may_have_failed_for_memory(report));
  report.outcome = NotStarted{ENOENT};
  CHECK_FALSE(run::may_have_failed_for_memory(report));
}
