// Limits on the whole box: hogs are stopped, named, and gone; their neighbours do not notice. Every hog starts in a
// control group of the suite's own, which has caps as well.
#include <sys/resource.h>

#include <algorithm>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/control_group.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

Command limited(const Place& place, const ControlGroup& group, std::vector<std::string> options,
                std::vector<std::string> argv) {
  Command step = place.step(std::move(options), std::move(argv));
  step.prepare = [&group] { group.enter(); };
  return step;
}

Json limit_of(const Json& report, std::string_view name) {
  for (const Json& limit : report["usage"]["limits"])
    if (limit["name"] == name) return limit;
  return nullptr;
}

std::string sentence_of(const Json& report) {
  return report["outcome"]["sentence"];
}

}  // namespace

TEST_CASE("a step that uses more memory than its limit is ended, and the report says so", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const Run ran = run(limited(place, group, {"--limit", "memory=128MiB"}, {"use_memory", "1073741824"}));
  INFO(ran);
  CHECK(ran.code() == 137);
  const Json report = place.report();
  CHECK(verdict_of(report) == "out-of-memory");
  CHECK(sentence_of(report).find("128 MiB") != std::string::npos);
  CHECK(limit_of(report, "memory")["hits"] >= 1);
  CHECK(limit_of(report, "memory")["peak"] <= 128 << 20);
  CHECK(report["usage"]["memory_peak"] > 64 << 20);
  // The limit that was hit is the box's own, not one of the suite's group.
  CHECK(limit_of(report, "memory")["hits_from_above"] == false);
  CHECK(sentence_of(report).find("at the limit of 128 MiB") != std::string::npos);
  CHECK(group.below().empty());
}

TEST_CASE("the report names the process that used the memory", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string step = GENERATE("use_memory 1073741824", "use_memory 1073741824; exit 0", "sleep 50 & use_memory 1073741824 & wait");
  CAPTURE(caller, step);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  // On a busy machine the process may be gone before stepbox gets to look.
  Json report, holder;
  for (int i = 0; i < 5 && holder.is_null(); ++i) {
    const Run ran = run(limited(place, group, {"--limit", "memory=256MiB"}, {"sh", "-c", step}));
    INFO(ran);
    report = place.report();
    REQUIRE(verdict_of(report) == "out-of-memory");
    const Json found = report["usage"]["memory_holder"];
    if (!found.is_null() && found["name"] == "use_memory") holder = found;
  }
  INFO(report.dump(1));
  REQUIRE_FALSE(holder.is_null());
  CHECK(holder["bytes"] > 128 << 20);
  CHECK(holder["bytes"] <= 256 << 20);
  CHECK(holder["pid"] > 1);
  CHECK(sentence_of(report).find("'use_memory' (") != std::string::npos);
}

TEST_CASE("the report says when memory runs out around a box without a limit of its own", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::no);
  group.lower("104857600", "40");
  const Place place(caller);
  const auto [step, code] = GENERATE(table<std::string, int>(
      {{"exec use_memory 536870912", 137}, {"use_memory 536870912 || exit 3", 3}}));
  CAPTURE(step);
  const Run ran = run(limited(place, group, {}, {"sh", "-c", step}));
  INFO(ran);
  CHECK(ran.code() == code);
  const Json report = place.report();
  CHECK(verdict_of(report) == "out-of-memory");
  CHECK(report["outcome"]["exit_code"] == code);
  CHECK(sentence_of(report).find("in the control group that stepbox runs in (limit 100 MiB)") != std::string::npos);
  CHECK(limit_of(report, "memory")["hits"] == 1);
  CHECK(limit_of(report, "memory")["limit"] == 104857600);
  CHECK(limit_of(report, "memory")["hits_from_above"] == true);
}

TEST_CASE("the report does not mention memory where none runs out around a box", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::no);
  group.lower("104857600", "40");
  const Place place(caller);
  SECTION("a step that fails") {
    CHECK(run(limited(place, group, {}, {"false"})).code() == 1);
    CHECK(verdict_of(place.report()) == "failure");
  }
  SECTION("a step that is killed") {
    CHECK(run(limited(place, group, {}, {"sh", "-c", "kill -9 $$"})).code() == 137);
    CHECK(verdict_of(place.report()) == "signal");
  }
  SECTION("a step that succeeds although one of its processes is killed") {
    const Run ran = run(limited(place, group, {}, {"sh", "-c", "use_memory 536870912; exit 0"}));
    INFO(ran);
    CHECK(ran.code() == 0);
    CHECK(verdict_of(place.report()) == "success");
  }
  CHECK(limit_of(place.report(), "memory").is_null());
}

TEST_CASE("a step that goes on after one of its processes was killed for memory does not succeed", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const std::string step = GENERATE("use_memory 1073741824 & sleep 50; exit 0", "use_memory 1073741824; exit 0",
                                    "use_memory 1073741824 || exit 3");
  CAPTURE(step);
  const Run ran = run(limited(place, group, {"--limit", "memory=128MiB"}, {"sh", "-c", step}));
  INFO(ran);
  // The step's own code counts if it exited before it was killed.
  CHECK((ran.code() == 137 || (ran.code() == 3 && step.ends_with("3"))));
  CHECK(verdict_of(place.report()) == "out-of-memory");
}

TEST_CASE("files in the workspace count as the step's memory, and the workspace is full before the memory is",
          "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  SECTION("the default size follows the limit") {
    const Run ran = run(limited(place, group, {"--limit", "memory=128MiB"}, {"fill_volume", "/tmp/file"}));
    INFO(ran);
    CHECK(ran.code() == 7);
    CHECK(verdict_of(place.report()) == "disk-quota");
    CHECK(volume_of(place.report(), "workspace")["limit_bytes"] <= 64 << 20);
  }
  SECTION("when memory runs out beside full volumes, the report says what they held") {
    const Run ran = run(limited(place, group, {"--limit", "memory=128MiB"},
                                {"sh", "-c", "head -c 40M /dev/zero > /tmp/file; use_memory 1073741824"}));
    INFO(ran);
    CHECK(verdict_of(place.report()) == "out-of-memory");
    CHECK(sentence_of(place.report()).find("while the volumes held 40 MiB") != std::string::npos);
  }
}

TEST_CASE("volumes that the memory limit cannot hold are refused with their sum", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const Run ran = run(limited(place, group, {"--limit", "memory=256MiB", "--volume", "cache=512MiB"}, {"true"}));
  INFO(ran);
  CHECK(what_is_wrong_with_refusal(ran).empty());
  CHECK(ran.err.find("limits.memory 256 MiB (--limit memory)") != std::string::npos);
  CHECK(ran.err.find("512 MiB  volume 'cache' (--volume)") != std::string::npos);
}

TEST_CASE("a limit of a group above the box is not reported as the box's own", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  group.lower("104857600", "40");
  const Place place(caller);
  SECTION("memory") {
    const Run ran = run(limited(place, group, {"--limit", "memory=1GiB"}, {"use_memory", "536870912"}));
    INFO(ran);
    CHECK(ran.code() == 137);
    CHECK(verdict_of(place.report()) == "out-of-memory");
    CHECK(sentence_of(place.report()).find("outside of the box, whose own limit of 1 GiB was not reached") != std::string::npos);
    CHECK(limit_of(place.report(), "memory").at("hits_from_above") == true);
  }
  SECTION("processes") {
    const Run ran = run(limited(place, group, {"--limit", "processes=1000"}, {"make_tasks", "processes", "100"}));
    INFO(ran);
    CHECK(ran.code() != 0);
    // Without the peak the kernel does not say whose limit it was.
    if (limit_of(place.report(), "processes").at("peak").is_null()) return;
    CHECK(verdict_of(place.report()) == "failure");
    CHECK(sentence_of(place.report()).find("the limit of 1000 processes was reached") == std::string::npos);
  }
}

TEST_CASE("a step cannot have more processes or threads than its limit", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string kind = GENERATE("processes", "threads");
  CAPTURE(caller, kind);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const Run ran = run(limited(place, group, {"--limit", "processes=50"}, {"make_tasks", kind, "10000"}));
  INFO(ran);
  CHECK(ran.code() == 7);
  CHECK(std::stoi("0" + value_of(ran.out, "made")) < 50);
  CHECK(verdict_of(place.report()) == "process-limit");
  CHECK(sentence_of(place.report()).find("the limit of 50 processes was reached") != std::string::npos);
  CHECK(group.below().empty());
}

TEST_CASE("a limit on processor time holds", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  // Less than the share that even a busy machine grants: otherwise there would be nothing to hold back.
  const Run ran = run(limited(place, group, {"--limit", "cpu=0.05"}, {"burn", "2000"}));
  INFO(ran);
  CHECK(ran.code() == 0);
  const Json report = place.report();
  const double used = report["time"]["user"].get<double>() + report["time"]["sys"].get<double>();
  CAPTURE(used);
  CHECK(used / report["time"]["wall"].get<double>() < 0.15);
  CHECK(used > 0);
  CHECK(limit_of(report, "cpu")["waited_milliseconds"] > 0);
}

TEST_CASE("a box that uses everything it may does not disturb its neighbour", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place quiet(caller), hungry(caller);
  const std::vector<std::string> limits = {"--limit", "memory=128MiB", "--limit", "processes=50"};
  Process beside(limited(quiet, group, limits,
                         {"sh", "-c", "echo ready; head -c 20M /dev/zero > /tmp/mine; sleep 1; wc -c < /tmp/mine"}));
  REQUIRE(beside.waits_for("ready"));
  for (const std::vector<std::string>& hog :
       {std::vector<std::string>{"use_memory", "1073741824"}, {"make_tasks", "processes", "10000"}})
    CHECK(run(limited(hungry, group, limits, hog)).code() != 0);
  const Run ran = beside.finish();
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "ready\n20971520\n");
  CHECK(verdict_of(quiet.report()) == "success");
  CHECK(group.below().empty());
}

TEST_CASE("a step sees nothing of its groups, and cannot widen them from a sandbox of its own", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const std::vector<std::string> limits = {"--limit", "memory=128MiB", "--limit", "processes=50"};
  const Run seen =
      run(limited(place, group, limits, {"sh", "-c", "cut -d: -f3 /proc/self/cgroup | sort -u; ls /sys/fs/cgroup"}));
  INFO(seen);
  CHECK(seen.out == "/\n");
  const std::string widen =
      "mkdir -p /tmp/g; mount -t cgroup2 none /tmp/g || mount -t cgroup -o memory none /tmp/g;"
      "for f in memory.max memory.memsw.limit_in_bytes memory.limit_in_bytes; do echo 1073741824 > /tmp/g/$f; done";
  const Run tried =
      run(limited(place, group, limits, {"sh", "-c", "unshare -UrmC sh -c '" + widen + "; use_memory 536870912'"}));
  INFO(tried);
  CHECK(tried.code() != 0);
  CHECK(tried.out.find("held") == std::string::npos);
  CHECK(verdict_of(place.report()) == "out-of-memory");
  CHECK(group.below().empty());
}

TEST_CASE("groups that a step makes in its own are removed, even deeper than a path is long", "[limits]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = Caller::user;  // as root the step owns none
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const Run ended = run(limited(place, group, {"--limit", "memory=128MiB", "--limit", "processes=50"}, nesting_groups("true")));
  INFO(ended);
  CHECK(ended.out.find("nested\n") != std::string::npos);
  CHECK(place.report().at("teardown").at("leftovers").empty());
  CHECK(group.below().empty());
}

TEST_CASE("per-process limits are lowered and never raised", "[limits]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::vector<std::string> show = {"sh", "-c", "ulimit -Sn; ulimit -Hn"};
  CHECK(place.run_step({"--limit", "open-files=20"}, show).out == "20\n20\n");
  Command step = place.step({"--limit", "open-files=200"}, show);
  step.as_caller = [] {
    const rlimit few{50, 100};
    in_child::must(::setrlimit(RLIMIT_NOFILE, &few) == 0, "setrlimit");
  };
  CHECK(run(step).out == "50\n100\n");
}

TEST_CASE("the host's out-of-memory killer takes the step before stepbox", "[limits]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const int own = std::stoi(read_file("/proc/self/oom_score_adj"));
  CHECK(place.run_step({}, {"cat", "/proc/self/oom_score_adj"}).out ==
        std::to_string(std::min(own + 500, 1000)) + "\n");
}

TEST_CASE("a limit that cannot be enforced here is an error, unless the policy makes it optional", "[limits]") {
  REQUIRE_HOST(control_groups);
  const ControlGroup group(Caller::user, Delegated::no);
  const Place place(Caller::user);
  const Run refused = run(limited(place, group, {"--limit", "memory=128MiB"}, {"true"}));
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("cannot enforce limits.memory") != std::string::npos);
  const Run without = run(limited(place, group, {"--limit", "memory=128MiB", "--limit", "optional=memory"}, {"true"}));
  INFO(without);
  CHECK(without.code() == 0);
  CHECK(without.err.find("limits.memory is not enforced") != std::string::npos);
  CHECK(place.report()["usage"]["limits"].empty());
}

}  // namespace stepbox::feature
