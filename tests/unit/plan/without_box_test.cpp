#include <linux/capability.h>

#include <algorithm>

#include "plan/parts.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

constexpr const char* kDirectory = "/tmp/stepbox-box-0123456789ab";

Policy with(Isolation isolation) {
  Policy policy = default_policy();
  policy.isolation = {isolation, on_command_line("--isolation")};
  return policy;
}

HostFacts facts_of(HostFacts facts) {
  facts.private_directory = kDirectory;
  facts.landlock_abi = 7;
  facts.has_socket_scope = true;
  return facts;
}

const std::string& value_of(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.step.environment, name, &EnvEntry::name);
  REQUIRE(found != plan.step.environment.end());
  return found->value;
}

bool may_write(const Plan& plan, std::string_view path) {
  return std::ranges::find(plan.confinement.writable, path, &WritablePath::path) != plan.confinement.writable.end();
}

Protection protection(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.protections, name, &Protection::name);
  REQUIRE(found != plan.protections.end());
  return *found;
}

}  // namespace

TEST_CASE("without a box nothing is mounted, and variables point to the step's directory", "[run][without-box]") {
  for (const Isolation isolation : {Isolation::landlock, Isolation::env}) {
    HostFacts facts = facts_of(user_facts());
    facts.environment.push_back("LISTEN_PID=17");
    Policy policy = with(isolation);
    policy.environment.push_back({EnvAction::redirect, "MYTOOL", "cache/my/tool", on_command_line("--redirect-env")});
    const Plan plan = plan_of(facts, policy);
    CHECK(plan.files.mounts.empty());
    CHECK(plan.files.volumes.empty());
    CHECK(plan.identity.isolation == UidIsolation::none);
    CHECK(value_of(plan, "TMPDIR") == std::string(kDirectory) + "/tmp");
    CHECK(value_of(plan, "HOME") == std::string(kDirectory) + "/home");
    CHECK(value_of(plan, "GOCACHE") == std::string(kDirectory) + "/cache/go-build");
    CHECK(value_of(plan, "MYTOOL") == std::string(kDirectory) + "/cache/my/tool");
    CHECK(value_of(plan, "LISTEN_PID") == kPidText);
    CHECK(value_of(plan, "PATH").find(std::string(":") + kDirectory + "/") != std::string::npos);
    CHECK(std::ranges::none_of(plan.step.environment, [](const EnvEntry& entry) { return entry.value.find("/box/") != std::string::npos; }));
    // Each directory after the one it lies in.
    std::vector<std::string> made;
    for (const MountCall& call : plan.files.cache_directories) {
      const size_t slash = call.target.rfind('/');
      if (slash != std::string::npos) CHECK(std::ranges::find(made, call.target.substr(0, slash)) != made.end());
      CHECK(std::ranges::find(made, call.target) == made.end());
      made.push_back(call.target);
    }
    CHECK(std::ranges::find(made, "cache/my/tool") != made.end());
  }
}

TEST_CASE("Landlock lets the step write to its checkout and what is named, and to nothing else", "[run][without-box]") {
  HostFacts facts = facts_of(user_facts());
  has_directory(facts, "/srv/out");
  has_directory(facts, "/srv/sdk");
  has_file(facts, "/srv/file");
  facts.terminal = "/dev/pts/3";
  Policy policy = with(Isolation::landlock);
  policy.paths = {rule(PathAccess::rw, "/srv/out"), rule(PathAccess::ro, "/srv/sdk"), rule(PathAccess::rw, "/srv/file")};
  const Plan plan = plan_of(facts, policy);
  for (const char* path : {"/home/bob/work", "/srv/out", "/srv/file", "/dev/null", "/dev/pts/3"}) CHECK(may_write(plan, path));
  for (const char* path : {"/srv/sdk", "/home/bob", "/tmp", "/dev/shm", "/dev", "/proc"}) CHECK_FALSE(may_write(plan, path));
  CHECK_FALSE(std::ranges::find(plan.confinement.writable, "/srv/file", &WritablePath::path)->is_directory);
  CHECK(plan.confinement.scope_sockets);
  CHECK(plan.confinement.scope_signals);
  policy.source = {SourceMode::ro, on_command_line("--source")};
  CHECK_FALSE(may_write(plan_of(facts, policy), "/home/bob/work"));
}

TEST_CASE("a home or a directory of the system is opened for writing only by name", "[run][without-box]") {
  for (const char* directory : {"/home/bob", "/etc"}) {
    HostFacts facts = facts_of(user_facts());
    facts.cwd = facts.checkout = directory;
    CHECK(refusal_of(facts, with(Isolation::landlock)).hint.ends_with("--source-path ."));
    CHECK(plan_of(facts, with(Isolation::env)).files.source == SourceMode::rw);
    has_directory(facts, directory);
    Policy policy = with(Isolation::landlock);
    policy.source_path = {directory, on_command_line("--source-path")};
    CHECK(may_write(plan_of(facts, policy), directory));
  }
}

TEST_CASE("a checkout that holds home or /tmp is not opened for writing", "[run][without-box]") {
  HostFacts facts = facts_of(user_facts());
  has_directory(facts, "/home");
  Policy policy = with(Isolation::landlock);
  policy.source_path = {"/home", on_command_line("--source-path")};
  const Plan plan = plan_of(facts, policy);
  CHECK_FALSE(may_write(plan, "/home"));
  CHECK(plan.files.source == SourceMode::ro);
  REQUIRE(plan.remarks.warnings.size() == 1);
  CHECK(plan.remarks.warnings[0].starts_with("the step cannot write to '/home': "));
}

TEST_CASE("Landlock that breaks builds, or is not there, is refused", "[run][without-box]") {
  HostFacts facts = facts_of(user_facts());
  facts.landlock_abi = 0;
  CHECK(refusal_of(facts, with(Isolation::landlock)).message.ends_with("Landlock is missing or switched off"));
  facts.landlock_abi = 1;
  const Error refused = refusal_of(facts, with(Isolation::landlock));
  CHECK(refused.message.ends_with("too old to let files be moved between directories"));
  CHECK(refused.hint.ends_with("or use --isolation env"));
  facts.landlock_abi = 2;
  facts.has_socket_scope = false;
  const Plan plan = plan_of(facts, with(Isolation::landlock));
  CHECK_FALSE(plan.confinement.scope_signals);
  CHECK(protection(plan, "mount-isolation").reason.ends_with("nor truncate(2) before Linux 6.2"));
}

TEST_CASE("an option can be left out, and the setting of a policy overridden", "[run][without-box]") {
  const auto hint = [](const Origin& origin) {
    Policy policy = with(Isolation::env);
    policy.network = {NetworkMode::none, origin};
    return refusal_of(facts_of(user_facts()), policy).hint;
  };
  CHECK(hint(on_command_line("--network")).ends_with(", or leave the option out"));
  CHECK(hint({Layer::site, "site.yaml", 4, 3}).ends_with(", or override it with an option"));
}

TEST_CASE("what only a box can do is refused, with where it was asked for", "[run][without-box]") {
  const HostFacts facts = facts_of(user_facts());
  const auto message = [&](Isolation isolation, auto change) {
    Policy policy = with(isolation);
    change(policy);
    const Error refused = refusal_of(facts, policy);
    CHECK(refused.hint.starts_with("it needs a box: use --isolation full, or "));
    return refused.message;
  };
  CHECK(message(Isolation::env, [](Policy& p) { p.network = {NetworkMode::none, on_command_line("--network")}; }) ==
        "cannot have network none (--network) with --isolation env");
  CHECK(message(Isolation::landlock, [](Policy& p) { p.allow_nesting = {false, on_command_line("--nesting")}; }) ==
        "cannot have nesting deny (--nesting) with --isolation landlock");
  CHECK(message(Isolation::landlock, [](Policy& p) { p.source = {SourceMode::none, on_command_line("--source")}; }) ==
        "cannot have source none (--source) with --isolation landlock");
  CHECK(message(Isolation::env, [](Policy& p) { p.source = {SourceMode::ro, on_command_line("--source")}; }) ==
        "cannot have source ro (--source) with --isolation env");
  CHECK(message(Isolation::env, [](Policy& p) { p.paths = {rule(PathAccess::hide, "/srv/secret")}; }) ==
        "cannot have a hidden path (--hide) with --isolation env");
  CHECK(message(Isolation::env, [](Policy& p) { p.size.origin = on_command_line("--size"); }) ==
        "cannot have a size for the workspace (--size) with --isolation env");
  CHECK(message(Isolation::landlock, [](Policy& p) { p.volumes = {own_volume("cache", kGiB, 1000)}; }) ==
        "cannot have volume 'cache' (--volume) with --isolation landlock");
}

TEST_CASE("sizes of a policy do not hold without a box, which is said", "[run][without-box]") {
  Policy policy = with(Isolation::env);
  policy.size = {{Size::Unit::bytes, 8 * kGiB}, {Layer::project, ".stepbox.yaml", 3, 9}};
  const Plan plan = plan_of(facts_of(user_facts()), policy);
  REQUIRE(plan.remarks.warnings.size() == 1);
  CHECK(plan.remarks.warnings[0] == "workspace.size 8 GiB (.stepbox.yaml:3:9) is not enforced with --isolation env");
}

TEST_CASE("without a box the ledger promises nothing that is not there, and what is required is refused", "[run][without-box]") {
  const HostFacts facts = facts_of(user_facts());
  for (const Isolation isolation : {Isolation::landlock, Isolation::env}) {
    const Plan plan = plan_of(facts, with(isolation));
    REQUIRE(plan.protections.size() == std::size(kProtectionNames));
    for (size_t i = 0; i < plan.protections.size(); ++i) CHECK(plan.protections[i].name == kProtectionNames[i]);
    for (const char* name : {"quota", "ipc-isolation", "uid-isolation", "network-isolation", "nesting-denied"})
      CHECK(protection(plan, name).state == ProtectionState::off);
    CHECK(protection(plan, "pid-isolation").state == ProtectionState::degraded);
    CHECK(protection(plan, "seccomp").state == ProtectionState::active);
    CHECK_FALSE(plan.confinement.gaps.empty());
    for (const char* name : {"quota", "mount-isolation", "pid-isolation"}) {
      Policy policy = with(isolation);
      policy.require = {{name, {Layer::site, "/etc/stepbox/policy.yaml", 7, 5}}};
      CHECK(refusal_of(facts, policy).hint == "use --isolation full");
    }
  }
  CHECK(protection(plan_of(facts, with(Isolation::landlock)), "mount-isolation").state == ProtectionState::degraded);
  CHECK(protection(plan_of(facts, with(Isolation::env)), "mount-isolation").state == ProtectionState::off);
  CHECK(protection(plan_of(facts, with(Isolation::landlock)), "abstract-sockets").state == ProtectionState::active);
  CHECK(protection(plan_of(facts, with(Isolation::env)), "abstract-sockets").state == ProtectionState::off);
  CHECK(plan_of(facts).confinement.gaps.empty());
}

TEST_CASE("the gaps told are those of the mode and of the kernel", "[run][without-box]") {
  const auto has = [](Isolation isolation, int abi, std::string_view name) {
    const std::vector<Gap> gaps = plan::gaps_of(isolation, abi);
    return std::ranges::find(gaps, name, &Gap::name) != gaps.end();
  };
  CHECK(has(Isolation::landlock, 2, "truncating"));
  CHECK_FALSE(has(Isolation::landlock, 3, "truncating"));
  CHECK(has(Isolation::landlock, 5, "signals"));
  CHECK_FALSE(has(Isolation::landlock, 6, "signals"));
  CHECK(has(Isolation::env, 7, "signals"));
  CHECK(has(Isolation::env, 7, "writing"));
  CHECK_FALSE(has(Isolation::landlock, 7, "writing"));
  for (const Isolation isolation : {Isolation::landlock, Isolation::env})
    for (const char* name : {"disk space", "reading", "daemons", "other processes", "its own processes", "network"})
      CHECK(has(isolation, 99, name));
  CHECK(plan::gaps_of(Isolation::full, 7).empty());
}

TEST_CASE("a read-only path in a writable place needs a box", "[run][without-box]") {
  HostFacts facts = facts_of(user_facts());
  for (const char* path : {"/home/bob/work/sub", "/srv/out", "/srv/out/sub", "/srv/sdk"}) has_directory(facts, path);
  for (const Isolation isolation : {Isolation::landlock, Isolation::env}) {
    Policy policy = with(isolation);
    policy.paths = {rule(PathAccess::ro, "/srv/sdk")};
    plan_of(facts, policy);
    policy.paths = {rule(PathAccess::ro, "/home/bob/work/sub")};
    CHECK(refusal_of(facts, policy).message.starts_with("cannot have a read-only '/home/bob/work/sub' in a place that is writable (--ro)"));
    policy.paths = {rule(PathAccess::ro, "/srv/out/sub"), rule(PathAccess::rw, "/srv/out")};
    CHECK(refusal_of(facts, policy).message.starts_with("cannot have a read-only '/srv/out/sub'"));
  }
}

TEST_CASE("root without a box keeps what a build needs of the capabilities it has", "[run][without-box]") {
  HostFacts facts = facts_of(root_facts());
  facts.capabilities = uint64_t{1} << CAP_CHOWN | uint64_t{1} << CAP_SYS_ADMIN | uint64_t{1} << CAP_SETUID;
  CHECK(plan_of(facts, with(Isolation::env)).identity.capabilities == std::vector<int>{CAP_CHOWN, CAP_SETUID});
  CHECK(plan_of(facts_of(user_facts()), with(Isolation::env)).identity.capabilities.empty());
}
