// Promise 6 where a system call fails: the box is as strong as asked, or the run is refused, or a message and the list
// of protections say what is missing. Never the same run, silently weaker.
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/control_group.hpp"
#include "support/filter.hpp"
#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

using in_child::deny;
using in_child::deny_when;

constexpr unsigned kSysAdmin = 21;

const HostFeature landlock_scopes = {"Landlock with scopes",
                                     [] {
                                       constexpr unsigned kVersion = 1;  // a flag that asks for the version
                                       return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion) >= 6;
                                     },
                                     "Linux 6.12 with CONFIG_SECURITY_LANDLOCK, and landlock in the list lsm="};

Json protection_of(const Json& report, std::string_view name) {
  for (const Json& protection : report.at("protections"))
    if (protection.at("name") == name) return protection;
  return {};
}

Command show_bounding_set(const Place& place) {
  return place.step({}, {"grep", "^CapBnd:", "/proc/self/status"});
}

}  // namespace

TEST_CASE("stepbox cuts the bounding set even where it cannot read it", "[weaker]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int error = GENERATE(EPERM, EINVAL, ENOMEM);
  CAPTURE(caller, error);
  const Place place(caller);
  const Run as_ever = run(show_bounding_set(place));
  REQUIRE(as_ever.code() == 0);
  Command step = show_bounding_set(place);
  step.as_caller = [&] { deny_when(SYS_prctl, 0, PR_CAPBSET_READ, error); };
  const Run cut = run(step);
  INFO(cut);
  CHECK(cut.code() == 0);
  CHECK(cut.out == as_ever.out);
}

TEST_CASE("a capability that cannot be cut refuses the run, whatever the errno", "[weaker]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int error = GENERATE(EPERM, EINVAL, ENOMEM);
  CAPTURE(caller, error);
  const Place place(caller);
  Command step = show_bounding_set(place);
  step.as_caller = [&] { deny_when(SYS_prctl, 1, kSysAdmin, error); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("capabilities") != std::string::npos);
}

TEST_CASE("where the kernel does not say what Landlock can do, stepbox says that abstract sockets are within reach",
          "[weaker]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int error = GENERATE(EPERM, ENOMEM);
  CAPTURE(caller, error);
  const Place place(caller);
  const auto without_landlock = [&](std::vector<std::string> options) {
    Command step = place.step(std::move(options), {"true"});
    step.as_caller = [&] { deny(SYS_landlock_create_ruleset, error); };
    return run(step);
  };
  const Run ran = without_landlock({});
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.err.find("abstract sockets of the host are within the step's reach") != std::string::npos);
  CHECK(protection_of(place.report(), "abstract-sockets").at("state") == "degraded");
  CHECK(what_is_wrong_with_refusal(without_landlock({"--require", "abstract-sockets"})).empty());
  CHECK(what_is_wrong_with_refusal(without_landlock({"--isolation", "landlock"})).empty());
  // Here stepbox does not ask, so it cannot miss an answer.
  const Run isolated = without_landlock({"--network", "none"});
  INFO(isolated);
  CHECK(isolated.err.empty());
  CHECK(protection_of(place.report(), "abstract-sockets").at("state") == "active");
}

TEST_CASE("a kernel without Landlock is no failure", "[weaker]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int error = GENERATE(ENOSYS, EOPNOTSUPP);
  CAPTURE(caller, error);
  const Place place(caller);
  Command step = place.step({}, {"true"});
  step.as_caller = [&] { deny(SYS_landlock_create_ruleset, error); };
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.err.empty());
  CHECK(protection_of(place.report(), "abstract-sockets").at("state") == "off");
}

TEST_CASE("stepbox sets no memory limit whose kills it cannot notice", "[weaker]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  const int error = GENERATE(EMFILE, ENOMEM);
  CAPTURE(caller, error);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const auto limited = [&](std::vector<std::string> options) {
    Command step = place.step(std::move(options), {"true"});
    step.prepare = [&] { group.enter(); };
    step.as_caller = [&] { deny(SYS_eventfd2, error); };
    return run(step);
  };
  const Run ran = limited({"--limit", "memory=128MiB"});
  INFO(ran);
  // Version 2 ends the whole box by itself.
  if (!runs_can_share_a_group()) {
    CHECK(ran.code() == 0);
    return;
  }
  CHECK(what_is_wrong_with_refusal(ran).empty());
  CHECK(ran.err.find("killed for memory") != std::string::npos);
  CHECK(group.below().empty());
  const Run without = limited({"--limit", "memory=128MiB", "--limit", "optional=memory"});
  INFO(without);
  CHECK(without.code() == 0);
  CHECK(without.err.find("limits.memory is not enforced") != std::string::npos);
}

TEST_CASE("stepbox says when it cannot bound System V memory, and refuses the run where the quota is required",
          "[weaker]") {
  REQUIRE_HOST(root_suite);
  REQUIRE_HOST(call_tracer);
  const int error = GENERATE(EACCES, EROFS, ENOMEM);
  const std::string file = GENERATE("shmall", "shm_rmid_forced");
  CAPTURE(error, file);
  const Place place(Caller::root);
  const auto refused = [&](std::vector<std::string> options, const char* errno_name) {
    Command step = place.step(std::move(options), {"true"});
    const std::vector<std::string> tracer = {"/usr/bin/strace", "-f", "-o", "/dev/null", "-P", "sys/kernel/" + file,
                                             "-e", std::string("inject=openat:error=") + errno_name, "--"};
    step.argv.insert(step.argv.begin(), tracer.begin(), tracer.end());
    return run(step);
  };
  const char* name = ::strerrorname_np(error);
  const Run ran = refused({"--nesting", "deny"}, name);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.err.find("cannot bound System V shared memory") != std::string::npos);
  CHECK(protection_of(place.report(), "quota").at("state") == "degraded");
  const Run required = refused({"--nesting", "deny", "--require", "quota"}, name);
  INFO(required);
  CHECK(what_is_wrong_with_refusal(required).empty());
  // A kernel without System V memory.
  const Run none = refused({"--nesting", "deny", "--require", "quota"}, "ENOENT");
  INFO(none);
  CHECK(none.code() == 0);
  CHECK(none.err.empty());
}

TEST_CASE("a step that Landlock cannot confine does not run", "[weaker]") {
  REQUIRE_HOST(landlock_scopes);
  const Caller caller = GENERATE(from_range(callers()));
  const long call = GENERATE(static_cast<long>(SYS_landlock_create_ruleset), static_cast<long>(SYS_landlock_restrict_self));
  CAPTURE(caller, call);
  const Place place(caller);
  Command step = place.step({}, {"true"});
  // In the call that asks for the version, the third argument differs.
  step.as_caller = [&] { deny_when(call, call == SYS_landlock_restrict_self ? 1 : 2, 0, ENOMEM); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
}

}  // namespace stepbox::feature
