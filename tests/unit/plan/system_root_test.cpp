#include "plan/system_root.hpp"

#include <sys/mount.h>

#include "plan/box_model.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

Policy reduced() {
  Policy policy = default_policy();
  policy.root = {RootMode::system, on_command_line("--root")};
  return policy;
}

const Protection& host_files(const Plan& plan) {
  const auto found = std::ranges::find(plan.protections, "host-files", &Protection::name);
  REQUIRE(found != plan.protections.end());
  return *found;
}

// With PATH=/opt/go/bin:..., a link to the directory of a version.
HostFacts with_go_in_opt(HostFacts facts) {
  for (const char* path : {"/opt/go-1.22/bin", "/opt/go-1.22", "/opt/go-1.22/lib"}) has_directory(facts, path);
  facts.paths["/opt/go/bin"] = {.real = "/opt/go-1.22/bin", .kind = HostPathKind::directory, .links = {{"/opt/go", "go-1.22"}}};
  facts.environment[0] = "PATH=/opt/go/bin:/usr/bin";
  return facts;
}

}  // namespace

TEST_CASE("a reduced root has the system and the checkout, and nothing else of the host", "[run][system-root]") {
  for (const HostFacts& facts : {user_facts(), root_facts(), degraded_facts()}) {
    const BoxModel box(plan_of(facts, reduced()), facts);
    for (const char* path : {"/usr", "/etc"}) CHECK(box.look(path).host == path);
    CHECK(box.look("/bin").kind == NodeKind::link);
    CHECK(box.look(facts.checkout).writable);
    for (const char* path : {"/boot", "/opt", "/vmlinuz", "/boot/efi", "/var/lib/docker"}) CHECK(box.look(path).kind == NodeKind::missing);
    for (const char* path : {"/home", "/srv", "/var"}) {
      const BoxModel::Seen seen = box.look(path);
      INFO(path);
      CHECK(seen.host.empty());
    }
  }
}

TEST_CASE("the owners of a reduced root are nobody's, but for what was named", "[run][system-root]") {
  HostFacts facts = root_facts();
  has_directory(facts, "/srv/sdk");
  Policy policy = reduced();
  policy.paths = {rule(PathAccess::ro, "/srv/sdk")};
  const Plan plan = plan_of(facts, policy);
  for (const char* target : {"usr", "etc"}) CHECK(only_mount_at(plan, target).id_mapped == IdMapped::no);
  CHECK(only_mount_at(plan, "srv/work").id_mapped == IdMapped::required);
  CHECK(only_mount_at(plan, "srv/sdk").id_mapped == IdMapped::preferred);
  CHECK(only_mount_at(plan_of(facts, default_policy()), "etc").id_mapped == IdMapped::required);
}

TEST_CASE("the owners of what a search finds are nobody's in a reduced root, but for the caller's own toolchains", "[run][system-root]") {
  HostFacts facts = with_go_in_opt(root_facts());
  for (const char* path : {"/opt/jdk", "/root/.rustup", "/root/bin", "/root/venv"}) has_directory(facts, path);
  for (const char* path : {"/run/ci/context", "/tmp/x.test"}) has_file(facts, path);
  facts.environment[0] += ":/root/bin";
  for (const char* variable : {"JAVA_HOME=/opt/jdk", "VIRTUAL_ENV=/root/venv", "LUCI_CONTEXT=/run/ci/context"}) facts.environment.push_back(variable);
  facts.programs.push_back({"/tmp/x.test", false});
  const Plan plan = plan_of(facts, reduced());
  for (const char* target : {"opt/go-1.22", "opt/jdk", "box/home/bin", "box/home/venv"}) CHECK(only_mount_at(plan, target).id_mapped == IdMapped::no);
  // These belong to the caller, or were named for this step.
  for (const char* target : {"box/home/.rustup", "box/run/ci/context", "box/tmp/x.test"}) CHECK(only_mount_at(plan, target).id_mapped == IdMapped::preferred);
  // The host's whole root can be read as the caller anyway.
  CHECK(only_mount_at(plan_of(facts), "box/home/bin").id_mapped == IdMapped::preferred);
}

TEST_CASE("a toolchain of the registry that a link leads out of the home is not the caller's own", "[run][system-root]") {
  HostFacts facts = root_facts();
  facts.paths["/root/.rustup"] = {.real = "/opt/rust", .kind = HostPathKind::directory, .links = {{"/root/.rustup", "/opt/rust"}}};
  CHECK(only_mount_at(plan_of(facts, reduced()), "box/home/.rustup").id_mapped == IdMapped::no);
}

TEST_CASE("a toolchain of PATH is shown with what lies beside its programs, and under its name", "[run][system-root]") {
  const HostFacts facts = with_go_in_opt(user_facts());
  const BoxModel box(plan_of(facts, reduced()), facts);
  CHECK(box.look("/opt/go-1.22/lib").host == "/opt/go-1.22/lib");
  CHECK_FALSE(box.look("/opt/go-1.22").writable);
  CHECK(box.look("/opt/go").kind == NodeKind::link);
}

TEST_CASE("what lies above a directory of programs is shown for its libraries only", "[run][system-root]") {
  HostFacts facts = with_go_in_opt(user_facts());
  CHECK(plan::toolchain_of("/opt/go-1.22/bin", facts) == "/opt/go-1.22");
  for (const char* path : {"/opt/scripts/bin", "/opt/scripts", "/opt/lib", "/lib", "/home/eve/.local/lib"}) has_directory(facts, path);
  for (const char* programs : {"/opt/scripts/bin", "/opt/bin/x", "/bin", "/opt", "/home/eve/.local/bin"})
    CHECK(plan::toolchain_of(programs, facts) == programs);
  CHECK(plan::toolchain_of("/opt/bin", facts) == "/opt/bin");
}

TEST_CASE("a variable shows a toolchain when it comes through to the step", "[run][system-root]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/opt/jdk");
  facts.environment.push_back("JAVA_HOME=/opt/jdk/");
  Policy policy = reduced();
  CHECK(BoxModel(plan_of(facts, policy), facts).look("/opt/jdk").host == "/opt/jdk");
  policy.clear_environment.value = true;
  CHECK(BoxModel(plan_of(facts, policy), facts).look("/opt/jdk").kind == NodeKind::missing);
  policy.environment = {{EnvAction::keep, "JAVA_*", {}, {}}};
  CHECK(BoxModel(plan_of(facts, policy), facts).look("/opt/jdk").host == "/opt/jdk");
}

TEST_CASE("files that a CI announces can be read in a reduced root, and its sockets are not there", "[run][system-root]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/srv/ci/temp");
  facts.paths["/srv/ci/notify"] = {.real = "/srv/ci/notify", .kind = HostPathKind::file, .is_socket = true};
  for (const char* variable : {"GITHUB_ACTIONS=true", "RUNNER_TEMP=/srv/ci/temp", "NOTIFY_SOCKET=/srv/ci/notify"})
    facts.environment.push_back(variable);
  const BoxModel box(plan_of(facts, reduced()), facts);
  CHECK(box.look("/srv/ci/temp").host == "/srv/ci/temp");
  CHECK_FALSE(box.look("/srv/ci/temp").writable);
  CHECK(box.look("/srv/ci/notify").kind == NodeKind::missing);
}

TEST_CASE("what others may not read is covered where the step's ids may", "[run][system-root]") {
  HostFacts facts = degraded_facts();
  facts.private_paths = {{"/etc/shadow", HostPathKind::file}, {"/etc/ssl/private", HostPathKind::directory}};
  const Plan plan = plan_of(facts, reduced());
  const BoxModel box(plan, facts);
  CHECK(box.look("/etc/shadow").host.empty());
  CHECK(box.look("/etc/ssl/private").host.empty());
  CHECK(box.look("/etc/ssl/private").kind == NodeKind::directory);
  CHECK(host_files(plan).state == ProtectionState::degraded);
}

TEST_CASE("the ledger says whether the host's files are out of sight", "[run][system-root]") {
  CHECK(host_files(plan_of(root_facts())).state == ProtectionState::off);
  CHECK(host_files(plan_of(root_facts())).reason == "root: ro");
  for (const HostFacts& facts : {user_facts(), root_facts()}) CHECK(host_files(plan_of(facts, reduced())).state == ProtectionState::active);
  Policy policy = default_policy();
  policy.require = {{"host-files", on_command_line("--require")}};
  CHECK(refusal_of(root_facts(), policy).hint == "use --root system");
  policy.root.value = RootMode::system;
  CHECK(refusal_of(degraded_facts(), policy).message.starts_with("protection 'host-files' is required by --require but is degraded"));
}
