// Promise 4: when stepbox returns, every process of the step is gone, and the report names the leftover ones.
#include <csignal>
#include <set>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

std::multiset<std::string> names_of_strays(const Json& report) {
  std::multiset<std::string> names;
  for (const Json& stray : report.at("teardown").at("strays")) names.insert(stray.at("comm").get<std::string>());
  return names;
}

}  // namespace

TEST_CASE("processes that a step leaves behind are dead when stepbox returns, and the report names them",
          "[clean-up]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int code = GENERATE(0, 5);
  CAPTURE(caller, code);
  const Place place(caller);
  const Run left = place.run_step({}, {"leave_orphans", std::to_string(code)});
  const auto survivors = processes_with(place.mark());
  INFO(left);
  INFO(describe(survivors));
  CHECK(survivors.empty());
  CHECK(left.code() == code);
  CHECK_FALSE(left.output_left_open);
  const Json report = place.report();
  const auto names = names_of_strays(report);
  for (const char* name : {"stray-plain", "stray-daemon", "stray-deaf", "stray-stopped", "stray-zombies"}) {
    CAPTURE(name);
    CHECK(names.count(name) == 1);
  }
  CHECK(left.err.find("left running were killed: stray-") != std::string::npos);
  CHECK(report.at("teardown").at("stray_count") >= 5);
  CHECK(report.at("teardown").at("leftovers").empty());
}

TEST_CASE("without stepbox the same orphans survive, so the case above can fail", "[clean-up]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run left = run(place.command({program("leave_orphans"), "0"}));
  const auto survivors = processes_with(place.mark());
  for (const pid_t pid : survivors) ::kill(pid, SIGKILL);
  CHECK(left.code() == 0);
  // The kernel ends the stopped one with the SIGHUP that it sends to an orphaned process group.
  CHECK(survivors.size() >= 4);
}

TEST_CASE("a daemon that holds stdout does not keep the caller waiting", "[clean-up]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto begin = std::chrono::steady_clock::now();
  const Run left = place.run_step({}, {"sh", "-c", "setsid ignore_signals 100000 & echo started"});
  INFO(left);
  CHECK(left.code() == 0);
  CHECK_FALSE(left.output_left_open);
  CHECK(std::chrono::steady_clock::now() - begin < seconds(5) * patience_factor());
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a hundred stopped and deaf processes are gone at once", "[clean-up]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run left = place.run_step({}, {"sh", "-c",
                                       "i=0; while [ $i -lt 50 ]; do ignore_signals 100000 >/dev/null & setsid sh -c "
                                       "'kill -STOP $$' & i=$((i+1)); done; sleep 0.3"});
  INFO(left);
  CHECK(left.code() == 0);
  CHECK(processes_with(place.mark()).empty());
  CHECK(place.report().at("teardown").at("stray_count") == 100);
}

TEST_CASE("stepbox says nothing of leftovers when a step leaves none", "[clean-up]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run quiet = place.run_step({}, {"sh", "-c", "sleep 0.01 & wait"});
  INFO(quiet);
  CHECK(quiet.code() == 0);
  CHECK(quiet.err.empty());
  CHECK(place.report().at("teardown").at("strays").empty());
}

TEST_CASE("a process that is about to exit may finish, even when the machine is slow to schedule it", "[clean-up]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  // It has 200 ms. A machine that is both slow and busy may need more, once.
  const bool was_let_end = [&] {
    for (int i = 0; i < 5; ++i) {
      const Run ended = place.run_step({}, {"bash", "-c", "exec > >(burn 20; exec cat); echo last; exit 3"});
      INFO(ended);
      CHECK(ended.code() == 3);
      if (ended.out == "last\n" && place.report().at("teardown").at("strays").empty()) return true;
    }
    return false;
  }();
  CHECK(was_let_end);
}

TEST_CASE("zombies that nobody has reaped are not leftovers", "[clean-up]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ended = place.run_step({}, {"leave_dead", "3000"});
  INFO(ended);
  CHECK(ended.code() == 0);
  CHECK(place.report().at("teardown").at("stray_count") == 0);
}

TEST_CASE("the memory of a run is free when stepbox returns, and no mount is left", "[clean-up]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  constexpr long kHeldKib = 256L << 10;
  const auto mounts = host_mounts();
  const long before = shmem_kib();
  long during = 0;
  Command holding = place.step({}, {"sh", "-c", "head -c 268435456 /dev/zero > /tmp/big; echo held; read line"});
  Process step(holding);
  // The input is empty, so `read` ends at once. The step's own output then marks the time of the sample.
  step.waits_for("held");
  during = shmem_kib();
  const Run held = step.finish();
  INFO(held);
  CHECK(held.code() == 1);
  CHECK(volume_of(place.report(), "workspace").at("peak_bytes") >= kHeldKib * 1024);
  CAPTURE(before, during);
  CHECK(eventually([&] { return shmem_kib() < before + kHeldKib / 8; }));
  CHECK(host_mounts() == mounts);
}

}  // namespace stepbox::feature
