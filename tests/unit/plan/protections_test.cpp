#include <algorithm>
#include <cerrno>
#include <iterator>

#include "plan/parts.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

Protection protection(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.protections, name, &Protection::name);
  REQUIRE(found != plan.protections.end());
  return *found;
}

Policy requiring(const std::string& name) {
  Policy policy = default_policy();
  policy.require = {{name, {Layer::site, "/etc/stepbox/policy.yaml", 7, 5}}};
  return policy;
}

}  // namespace

TEST_CASE("the plan tells the state of every protection, in the order of the list", "[run][protections]") {
  for (const HostFacts& facts : {user_facts(), root_facts(), degraded_facts()}) {
    const Plan plan = plan_of(facts);
    REQUIRE(plan.protections.size() == std::size(kProtectionNames));
    for (size_t i = 0; i < plan.protections.size(); ++i) CHECK(plan.protections[i].name == kProtectionNames[i]);
    for (const Protection& each : plan.protections)
      if (each.state != ProtectionState::active) CHECK_FALSE(each.reason.empty());
  }
}

TEST_CASE("ids are isolated for a user and for shifted root", "[run][protections]") {
  CHECK(protection(plan_of(user_facts()), "uid-isolation").state == ProtectionState::active);
  CHECK(protection(plan_of(root_facts()), "uid-isolation").state == ProtectionState::active);
}

TEST_CASE("where ids are not isolated, the plan says why", "[run][protections]") {
  const Protection degraded = protection(plan_of(degraded_facts()), "uid-isolation");
  CHECK(degraded.state == ProtectionState::degraded);
  CHECK(degraded.reason == "the file system of '/srv/work' cannot be mounted with shifted ids");
  HostFacts container = user_facts();
  container.uid = 0;
  const Protection unprivileged = protection(plan_of(container), "uid-isolation");
  CHECK(unprivileged.state == ProtectionState::degraded);
  CHECK(unprivileged.reason == "the caller is uid 0 without the privilege to shift ids");
}

TEST_CASE("the seccomp profile is named, and off is not a protection", "[run][protections]") {
  CHECK(protection(plan_of(user_facts()), "seccomp").reason == "profile default");
  HostFacts facts = user_facts();
  facts.seccomp = some_filter("strict");
  CHECK(protection(plan_of(facts), "seccomp").reason == "profile strict");
  facts.seccomp = std::make_shared<const SeccompFilter>(SeccompFilter{.profile = kNoSeccomp});
  CHECK(protection(plan_of(facts), "seccomp").state == ProtectionState::off);
  CHECK_FALSE(protection(plan_of(facts), "seccomp").requested);
  const Error refused = refusal_of(facts, requiring("seccomp"));
  CHECK(refused.message.ends_with("but is off: seccomp: off"));
  CHECK(refused.hint == "use --seccomp default, without --seccomp-log");
}

TEST_CASE("a profile in log mode is no protection that can be required", "[run][protections]") {
  Policy policy = default_policy();
  policy.seccomp_log = {true, on_command_line("--seccomp-log")};
  const Plan plan = plan_of(user_facts(), policy);
  CHECK(plan.confinement.seccomp_log);
  CHECK(protection(plan, "seccomp").state == ProtectionState::degraded);
  CHECK(protection(plan, "seccomp").requested);
  CHECK(protection(plan, "seccomp").reason == "profile default, log mode: nothing is refused");
  policy.require = {{"seccomp", {Layer::site, "/etc/stepbox/policy.yaml", 7, 5}}};
  CHECK(refusal_of(user_facts(), policy).message.ends_with("but is degraded: profile default, log mode: nothing is refused"));
}

TEST_CASE("without a profile there is nothing to log", "[run][protections]") {
  HostFacts facts = user_facts();
  facts.seccomp = std::make_shared<const SeccompFilter>(SeccompFilter{.profile = kNoSeccomp});
  Policy policy = default_policy();
  policy.seccomp = {"off", {Layer::site, "/etc/stepbox/policy.yaml", 3, 1}};
  policy.seccomp_log = {true, on_command_line("--seccomp-log")};
  const Error refused = refusal_of(facts, policy);
  CHECK(refused.message ==
        "there is nothing to log for seccomp-log (--seccomp-log): no system call is refused (/etc/stepbox/policy.yaml:3:1)");
  CHECK(refused.hint == "choose a profile, as with --seccomp default, or leave --seccomp-log out");
}

TEST_CASE("the network and nesting are as the policy says", "[run][protections]") {
  Policy policy = default_policy();
  CHECK(protection(plan_of(user_facts(), policy), "network-isolation").state == ProtectionState::off);
  CHECK(protection(plan_of(user_facts(), policy), "network-isolation").reason == "network: host");
  CHECK(protection(plan_of(user_facts(), policy), "nesting-denied").reason == "nesting: allow");
  policy.network.value = NetworkMode::loopback;
  policy.allow_nesting.value = false;
  const Plan plan = plan_of(user_facts(), policy);
  CHECK(protection(plan, "network-isolation").state == ProtectionState::active);
  CHECK(protection(plan, "nesting-denied").state == ProtectionState::active);
  CHECK(plan.confinement.deny_nesting);
}

TEST_CASE("abstract sockets are out of reach by a network of one's own, or by the kernel", "[run][protections]") {
  HostFacts facts = user_facts();
  CHECK(protection(plan_of(facts), "abstract-sockets").state == ProtectionState::off);
  CHECK_FALSE(protection(plan_of(facts), "abstract-sockets").requested);
  facts.has_socket_scope = true;
  CHECK(protection(plan_of(facts), "abstract-sockets").state == ProtectionState::active);
  CHECK(plan_of(facts).confinement.scope_sockets);
  Policy policy = default_policy();
  policy.paths = {rule(PathAccess::ro, "/tmp/.X11-unix")};
  has_directory(facts, "/tmp/.X11-unix");
  CHECK_FALSE(plan_of(facts, policy).confinement.scope_sockets);
  CHECK(protection(plan_of(facts, policy), "abstract-sockets").reason ==
        "the policy lets the host's display in (/tmp/.X11-unix)");
  policy.paths.clear();
  policy.network.value = NetworkMode::none;
  CHECK_FALSE(plan_of(facts, policy).confinement.scope_sockets);
  CHECK(protection(plan_of(user_facts(), policy), "abstract-sockets").state == ProtectionState::active);
}

TEST_CASE("where the kernel did not tell what Landlock can do, abstract sockets are a protection that is missed", "[run][protections]") {
  HostFacts facts = user_facts();
  facts.landlock_error = EPERM;
  const Plan plan = plan_of(facts);
  CHECK(protection(plan, "abstract-sockets").state == ProtectionState::degraded);
  CHECK(protection(plan, "abstract-sockets").reason.ends_with("operation not permitted (EPERM)"));
  REQUIRE(plan.remarks.warnings.size() == 1);
  CHECK(plan.remarks.warnings[0].starts_with("abstract sockets of the host are within the step's reach"));
  CHECK(refusal_of(facts, requiring("abstract-sockets")).hint == "use --network loopback or --network none");
  Policy policy = default_policy();
  policy.network.value = NetworkMode::loopback;
  CHECK(plan_of(facts, policy).remarks.warnings.empty());
}

TEST_CASE("what is found out while the plan is carried out weakens a protection", "[run][protections]") {
  HostFacts facts = user_facts();
  const Policy policy = requiring("quota");
  Plan plan = plan_of(facts, policy);
  CHECK(plan::check_required(plan, policy));
  plan::weaken(plan, "quota", "one thing failed");
  CHECK(protection(plan, "quota").state == ProtectionState::degraded);
  CHECK(protection(plan, "quota").reason == "one thing failed");
  plan::weaken(plan, "quota", "another did");
  CHECK(protection(plan, "quota").reason == "one thing failed; another did");
  CHECK(plan.remarks.warnings.back() == "protection 'quota' is degraded: another did");
  CHECK_FALSE(plan::check_required(plan, policy));
}

TEST_CASE("System V segments must be bounded where the quota is required and no memory limit bounds them", "[run][protections]") {
  Policy policy = requiring("quota");
  CHECK(plan_of(user_facts(), policy).confinement.segments == SegmentBound::required);
  CHECK(plan_of(user_facts()).confinement.segments == SegmentBound::if_possible);
  HostFacts facts = user_facts();
  facts.cgroups = {{.unified = true, .controllers = {"memory"}, .enabled = {"memory"}, .own = "/sys/fs/cgroup/job"}};
  policy.limits.memory.value = Size{Size::Unit::bytes, kGiB};
  CHECK(plan_of(facts, policy).confinement.segments == SegmentBound::by_memory_limit);
}

TEST_CASE("a required protection that is off is an error", "[run][protections]") {
  const Error error = refusal_of(user_facts(), requiring("network-isolation"));
  CHECK(error.message ==
        "protection 'network-isolation' is required by /etc/stepbox/policy.yaml:7:5 but is off: network: host");
  CHECK(error.hint == "use --network loopback or --network none");
  CHECK(refusal_of(user_facts(), requiring("nesting-denied")).hint == "use --nesting deny");
}

TEST_CASE("a required protection that is degraded is an error with its reason", "[run][protections]") {
  const Error error = refusal_of(degraded_facts(), requiring("uid-isolation"));
  CHECK(error.message ==
        "protection 'uid-isolation' is required by /etc/stepbox/policy.yaml:7:5 but is degraded: "
        "the file system of '/srv/work' cannot be mounted with shifted ids");
  CHECK(error.hint == "`stepbox doctor` shows what this host lacks");
}

TEST_CASE("the quota is degraded where a nested sandbox could use memory that nothing bounds", "[run][protections]") {
  HostFacts facts = user_facts();
  CHECK(protection(plan_of(facts), "quota").state == ProtectionState::active);
  facts.memory_usable = facts.memory_total;
  CHECK(protection(plan_of(facts), "quota").state == ProtectionState::degraded);
  CHECK_FALSE(protection(plan_of(facts), "quota").requested);
  const Error error = refusal_of(facts, requiring("quota"));
  CHECK(error.message ==
        "protection 'quota' is required by /etc/stepbox/policy.yaml:7:5 but is degraded: nested sandboxes are allowed "
        "and there is no memory limit, so that a nested mount namespace can use memory beyond the volumes");
  CHECK(error.hint == "set a limit (--limit memory=SIZE), or use --nesting deny");
  Policy policy = requiring("quota");
  policy.allow_nesting.value = false;
  CHECK(protection(plan_of(facts, policy), "quota").state == ProtectionState::active);
}

TEST_CASE("without a memory limit the quota is told to be one of volumes alone", "[run][protections]") {
  HostFacts facts = user_facts();
  Policy policy = default_policy();
  policy.allow_nesting.value = false;
  CHECK(protection(plan_of(facts, policy), "quota").reason.empty());
  facts.memory_usable = facts.memory_total;
  CHECK(protection(plan_of(facts, policy), "quota").reason.find(", System V segments and") != std::string::npos);
  HostFacts root = root_facts();
  root.memory_usable = root.memory_total;
  CHECK(protection(plan_of(root, policy), "quota").reason.find("System V") == std::string::npos);
  CHECK(protection(plan_of(root, policy), "quota").reason.find("memfd_create") != std::string::npos);
}

TEST_CASE("kernel memory that no limit counts is bounded by the profile and by the number of open files", "[run][protections]") {
  Policy policy = default_policy();
  const auto now = [&](const HostFacts& facts = user_facts()) { return protection(plan_of(facts, policy), "kernel-memory"); };
  CHECK(now().state == ProtectionState::active);
  CHECK(now().reason == "but no kernel counts record locks, nor cgroup v1 UDP buffers");
  policy.limits.of_process[0].value = kMostOpenFiles + 1;
  CHECK(now().state == ProtectionState::degraded);
  CHECK(now().reason == "limits.open-files lets poll(2) take more than 512 KiB for each thread");
  policy.limits.of_process.clear();
  CHECK(now().state == ProtectionState::degraded);
  policy = default_policy();
  policy.allow_xattr = {true, on_command_line("--xattr")};
  CHECK(now().reason == "xattr: allow, and access lists (POSIX ACLs) are counted by no limit");
  CHECK_FALSE(now().requested);
  policy = default_policy();
  policy.seccomp_log = {true, on_command_line("--seccomp-log")};
  CHECK(now().reason.starts_with("seccomp: default, log mode does not refuse"));
  policy = default_policy();
  HostFacts facts = user_facts();
  facts.seccomp = std::make_shared<const SeccompFilter>(SeccompFilter{.profile = kNoSeccomp});
  CHECK(now(facts).reason.starts_with("seccomp: off does not refuse"));
  policy.limits.memory.value = Size{Size::Unit::bytes, kGiB};
  HostFacts v1 = user_facts();
  v1.cgroups = {{.controllers = {"memory"}, .own = "/sys/fs/cgroup/memory/job"}};
  CHECK(now(v1).reason == "cgroup v1 does not count the TCP buffers of groups that a nested sandbox makes for itself");
  policy.allow_nesting.value = false;
  CHECK(now(v1).state == ProtectionState::active);
  CHECK(refusal_of(facts, requiring("kernel-memory")).hint.starts_with("use --xattr deny"));
}

TEST_CASE("a required protection that is active is no matter", "[run][protections]") {
  for (const char* name : {"quota", "mount-isolation", "pid-isolation", "ipc-isolation", "uid-isolation",
                           "no-new-privileges", "capabilities", "seccomp"}) {
    INFO(name);
    CHECK(plan::make_plan(requiring(name), {"make"}, root_facts()));
  }
}

TEST_CASE("a required protection that nobody knows is an error", "[run][protections]") {
  CHECK(refusal_of(user_facts(), requiring("magic")).message ==
        "this version of stepbox has no protection 'magic' (/etc/stepbox/policy.yaml:7:5)");
}

TEST_CASE("to real root nesting is always denied", "[run][protections]") {
  // Nested, it would hold the host's cgroup files, which belong to uid 0, open for writing.
  const Plan plan = plan_of(degraded_facts());
  CHECK(plan.confinement.deny_nesting);
  CHECK(plan.confinement.deny_cgroup_namespaces);
  CHECK_FALSE(plan_of(root_facts()).confinement.deny_nesting);
  CHECK_FALSE(plan_of(root_facts()).confinement.deny_cgroup_namespaces);
  CHECK_FALSE(plan_of(user_facts()).confinement.deny_cgroup_namespaces);
}
