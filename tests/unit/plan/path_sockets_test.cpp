#include <sys/mount.h>

#include <algorithm>

#include "plan/plan_fixture.hpp"
#include "sandbox/landlock.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

Policy closed() {
  Policy policy = default_policy();
  policy.root.value = RootMode::system;
  policy.network.value = NetworkMode::none;
  policy.source.value = SourceMode::ro;
  return policy;
}

const Protection& protection(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.protections, name, &Protection::name);
  REQUIRE(found != plan.protections.end());
  return *found;
}

const Protection& path_sockets(const Plan& plan) { return protection(plan, "path-sockets"); }

HostFacts with_path_scope(HostFacts facts) {
  facts.landlock_abi = sandbox::kLandlockForPathSockets;
  facts.has_socket_scope = true;
  return facts;
}

}  // namespace

TEST_CASE("all that is shown read-only without the host's network is seen through an overlay", "[run][path-sockets]") {
  HostFacts facts = root_facts();
  has_directory(facts, "/srv/sdk");
  Policy policy = closed();
  policy.paths = {rule(PathAccess::ro, "/srv/sdk")};
  const Plan plan = plan_of(facts, policy);
  CHECK(only_mount_at(plan, "usr").layers == ".:../.empty/directory");
  for (const char* target : {"srv/work", "srv/sdk"}) CHECK(only_mount_at(plan, target).layers == ".:../../.empty/directory");
  CHECK(path_sockets(plan).state == ProtectionState::active);
  CHECK(protection(plan, "network-isolation").reason.empty());
  policy.network.value = NetworkMode::host;
  for (const MountCall& call : plan_of(facts, policy).files.mounts) CHECK(call.layers.empty());
  for (const MountCall& call : plan_of(facts).files.mounts) CHECK(call.layers.empty());
}

TEST_CASE("a single file, a device and what may be written have no overlay", "[run][path-sockets]") {
  HostFacts facts = user_facts();
  has_file(facts, "/srv/file");
  has_directory(facts, "/srv/out");
  has_directory(facts, "/dev/dri");
  Policy policy = closed();
  policy.paths = {rule(PathAccess::ro, "/srv/file"), rule(PathAccess::rw, "/srv/out"), rule(PathAccess::ro, "/dev/dri")};
  const Plan plan = plan_of(facts, policy);
  for (const char* target : {"srv/file", "srv/out", "dev/dri", "sys"})
    for (const MountCall& call : shown_at(plan, target)) CHECK(call.layers.empty());
  CHECK(path_sockets(plan).state == ProtectionState::degraded);
  CHECK(path_sockets(plan).reason == "the step can connect to sockets in '/srv/out' (rw)");
  CHECK(protection(plan, "network-isolation").state == ProtectionState::active);
  CHECK(protection(plan, "network-isolation").reason == "except for sockets that are files, see path-sockets");
}

TEST_CASE("a tree with mounts in it that come along has no overlay", "[run][path-sockets]") {
  HostFacts facts = user_facts();
  facts.mounts.push_back({"/etc/hosts", "ext4"});
  const Plan plan = plan_of(facts, closed());
  CHECK(only_mount_at(plan, "etc").layers.empty());
  CHECK_FALSE(only_mount_at(plan, "usr").layers.empty());
  CHECK(path_sockets(plan).reason == "the step can connect to sockets in '/etc' (host)");
  HostFacts root = root_facts();
  root.mounts.push_back({"/etc/hosts", "ext4"});
  CHECK_FALSE(only_mount_at(plan_of(root, closed()), "etc").layers.empty());
}

TEST_CASE("where overlays are refused the plan does without, and says so", "[run][path-sockets]") {
  HostFacts facts = root_facts();
  facts.no_overlay_reason = "no overlay can be put over '/usr': invalid argument (EINVAL)";
  const Plan plan = plan_of(facts, closed());
  for (const MountCall& call : plan.files.mounts) CHECK(call.layers.empty());
  CHECK(path_sockets(plan).state == ProtectionState::degraded);
  CHECK(path_sockets(plan).reason.ends_with("; no overlay can be put over '/usr': invalid argument (EINVAL)"));
  Policy policy = closed();
  policy.require = {{"path-sockets", on_command_line("--require")}};
  CHECK(refusal_of(facts, policy).message.starts_with("protection 'path-sockets' is required by --require but is degraded: the step can connect to sockets in "));
  CHECK(path_sockets(plan_of(root_facts(), policy)).state == ProtectionState::active);
}

TEST_CASE("with the host's network, or its whole root, sockets that are files can be reached", "[run][path-sockets]") {
  CHECK(path_sockets(plan_of(user_facts())).state == ProtectionState::off);
  CHECK(path_sockets(plan_of(user_facts())).reason == "network: host");
  Policy policy = closed();
  policy.root.value = RootMode::ro;
  CHECK(path_sockets(plan_of(user_facts(), policy)).state == ProtectionState::degraded);
  CHECK(path_sockets(plan_of(user_facts(), policy)).reason.starts_with("root: ro shows the host's sockets"));
}

TEST_CASE("from Linux 7.1 on Landlock closes what is written to, where nesting is denied", "[run][path-sockets]") {
  const HostFacts facts = with_path_scope(user_facts());
  Policy policy = default_policy();
  policy.network.value = NetworkMode::loopback;
  CHECK_FALSE(plan_of(facts, policy).confinement.scope_path_sockets);
  policy.allow_nesting.value = false;
  const Plan plan = plan_of(facts, policy);
  CHECK(plan.confinement.scope_path_sockets);
  CHECK(path_sockets(plan).state == ProtectionState::active);
  CHECK_FALSE(plan_of(user_facts(), policy).confinement.scope_path_sockets);
  policy.network.value = NetworkMode::host;
  CHECK_FALSE(plan_of(facts, policy).confinement.scope_path_sockets);
}

TEST_CASE("a socket that a rule names is let through, and named", "[run][path-sockets]") {
  HostFacts facts = with_path_scope(user_facts());
  facts.paths["/run/docker.sock"] = {.real = "/run/docker.sock", .kind = HostPathKind::file, .is_socket = true};
  Policy policy = closed();
  policy.allow_nesting.value = false;
  policy.paths = {rule(PathAccess::ro, "/run/docker.sock")};
  const Plan plan = plan_of(facts, policy);
  CHECK(plan.confinement.open_sockets == std::vector<std::string>{"box/run/docker.sock"});
  CHECK(path_sockets(plan).state == ProtectionState::degraded);
  CHECK(path_sockets(plan).reason == "'/run/docker.sock' (ro) was named, and the step can connect to it");
}

TEST_CASE("what Landlock is asked for", "[run][path-sockets]") {
  constexpr uint64_t kRefer = uint64_t{1} << 13;
  constexpr uint64_t kResolveUnix = uint64_t{1} << 16;
  Plan plan;
  CHECK(sandbox::landlock_rights(plan).is_empty());
  plan.confinement.scope_path_sockets = true;
  plan.confinement.landlock_abi = 9;
  const sandbox::LandlockRights rights = sandbox::landlock_rights(plan);
  CHECK(rights.handled == (kRefer | kResolveUnix));
  // Files are moved as before, and no socket of the host's is connected to but those that were named.
  CHECK(rights.of_workspace == kRefer);
  CHECK(rights.of_sockets == kResolveUnix);
  CHECK(rights.scopes == 0);
}

TEST_CASE("confined writes know nothing of sockets, and a scope alone handles nothing", "[run][path-sockets]") {
  Plan plan;
  plan.confinement.isolation = Isolation::landlock;
  plan.confinement.landlock_abi = 9;
  CHECK((sandbox::landlock_rights(plan).handled >> 16 & 1) == 0);
  CHECK(sandbox::landlock_rights(plan).handled == sandbox::landlock_rights(plan).of_workspace);
  Plan scoped;
  scoped.confinement.scope_sockets = true;
  scoped.confinement.landlock_abi = 9;
  CHECK(sandbox::landlock_rights(scoped).handled == 0);
  CHECK(sandbox::landlock_rights(scoped).scopes == 1);
}
