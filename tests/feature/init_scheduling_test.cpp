// A step cannot slow down init, which enforces the deadline and takes the box apart.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

// What the kernel shows from outside.
struct Scheduling {
  int policy = -1;
  int processors = 0;
  int nice = 0;
  long io_class = -1;
  bool operator==(const Scheduling&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Scheduling& it) {
  return out << "policy " << it.policy << ", " << it.processors << " processors, nice " << it.nice << ", I/O class " << it.io_class;
}

Scheduling scheduling_of(pid_t pid) {
  constexpr int kProcess = 1;  // ioprio_get(2)
  constexpr int kClassShift = 13;
  cpu_set_t processors;
  CPU_ZERO(&processors);
  REQUIRE(::sched_getaffinity(pid, sizeof processors, &processors) == 0);
  return {::sched_getscheduler(pid), CPU_COUNT(&processors), ::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)),
          ::syscall(SYS_ioprio_get, kProcess, pid) >> kClassShift};
}

// Every call that takes a process or a user.
constexpr const char* kDemote =
    "chrt -i -p 0 1; taskset -p 1 1; renice -n 19 -p 1; renice -n 19 -u $(id -u); ionice -c 3 -p 1; ionice -c 3 -u $(id -u);"
    "echo tried; read line";

// Init's scheduling before and after.
std::pair<Scheduling, Scheduling> scheduling_around(const Place& place, std::vector<std::string> options, const std::string& around) {
  Command step = place.step(std::move(options), {"sh", "-c", "echo ready; read line; " + around + " sh -c '" + kDemote + "'"});
  int input[2];
  REQUIRE(::pipe2(input, O_CLOEXEC) == 0);  // stepbox must not hold the writing end
  step.stdin_fd = input[0];
  Process process(step);
  REQUIRE(process.waits_for("ready"));
  const pid_t init = init_of(process.pid());
  REQUIRE(init > 0);
  const Scheduling before = scheduling_of(init);
  REQUIRE(::write(input[1], "\n", 1) == 1);
  REQUIRE(process.waits_for("tried"));
  const Scheduling after = scheduling_of(init);
  ::close(input[0]);
  ::close(input[1]);
  process.finish();
  return {before, after};
}

}  // namespace

TEST_CASE("a step cannot take processor time from init, not even in a user namespace of its own", "[hostile]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string around = GENERATE("", "unshare -r");
  CAPTURE(caller, around);
  const Place place(caller);
  const auto [before, after] = scheduling_around(place, {}, around);
  CHECK(after == before);
  // Control: nothing but the filter protects an ordinary user's init. Outside such a namespace the kernel refuses
  // because init has one capability more (cap_safe_nice() in security/commoncap.c).
  if (caller == Caller::root || around.empty()) return;
  const auto [free, demoted] = scheduling_around(place, {"--seccomp", "off"}, around);
  CHECK(demoted.policy == SCHED_IDLE);
  CHECK(demoted.processors == 1);
  CHECK(demoted.io_class == 3);
}

TEST_CASE("programs can still set their own scheduling", "[hostile]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string around = GENERATE("", "unshare -r", "unshare -r --pid --fork");
  CAPTURE(caller, around);
  const Place place(caller);
  const Run ran = place.run_step({}, {"sh", "-c", around + " sh -c 'nice -n 5 nice && taskset 1 chrt -b 0 ionice -c 3 echo done'"});
  INFO(ran);
  CHECK(ran.code() == 0);
  const int expected = ::getpriority(PRIO_PROCESS, 0) + 5;  // the step begins with the suite's
  CHECK(ran.out == std::to_string(expected) + "\ndone\n");
}

}  // namespace stepbox::feature
