// A symbolic link in the checkout is the work of the code under test: it shows nothing outside of the checkout.
#include <algorithm>

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

// In the checkout /srv/work of root_facts(): link -> target.
void has_link(HostFacts& facts, const std::string& link, const std::string& target, HostPathKind kind = HostPathKind::directory) {
  facts.paths[link] = {.real = target, .kind = kind, .links = {{link, target}}};
}

bool shows(const Plan& plan, const std::string& real) {
  return std::ranges::any_of(plan.files.mounts, [&](const MountCall& call) { return call.source == real; });
}

bool warns(const Plan& plan, const std::string& text) { return std::ranges::count(plan.remarks.warnings, text) == 1; }

const Protection& path_sockets(const Plan& plan) {
  const auto found = std::ranges::find(plan.protections, "path-sockets", &Protection::name);
  REQUIRE(found != plan.protections.end());
  return *found;
}

}  // namespace

TEST_CASE("a PATH entry that a link of the checkout leads out is left out, with a warning", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_link(facts, "/srv/work/bin", "/root/keys");
  facts.environment[0] = "PATH=/srv/work/bin:/usr/bin";
  for (const Policy& policy : {default_policy(), reduced()}) {
    const Plan plan = plan_of(facts, policy);
    CHECK_FALSE(shows(plan, "/root/keys"));
    CHECK(warns(plan, "not showing '/srv/work/bin' (PATH): a link in the checkout leads out of it to '/root/keys'"));
  }
}

TEST_CASE("a link into the checkout and out again does not help either", "[run][links-out]") {
  HostFacts facts = root_facts();
  facts.paths["/opt/tools"] = {.real = "/root/keys",
                               .kind = HostPathKind::directory,
                               .links = {{"/opt/tools", "/srv/work/bin"}, {"/srv/work/bin", "/root/keys"}}};
  facts.environment[0] = "PATH=/opt/tools:/usr/bin";
  CHECK_FALSE(shows(plan_of(facts, reduced()), "/root/keys"));
}

TEST_CASE("what lies beside programs outside is not shown through a link of the checkout", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_link(facts, "/srv/work/bin", "/opt/app/bin");
  for (const char* path : {"/opt/app", "/opt/app/lib"}) has_directory(facts, path);
  facts.environment[0] = "PATH=/srv/work/bin:/usr/bin";
  const Plan plan = plan_of(facts, reduced());
  for (const char* path : {"/opt/app", "/opt/app/bin"}) CHECK_FALSE(shows(plan, path));
}

TEST_CASE("a toolchain of a variable, a file of a CI and settings are left out where a link leads them out", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_link(facts, "/srv/work/.venv", "/root/keys");
  has_link(facts, "/srv/work/temp", "/etc/cron.d");
  has_link(facts, "/srv/work/.cargo/config.toml", "/etc/shadow", HostPathKind::file);
  facts.settings = {"/srv/work/.cargo/config.toml"};
  for (const char* variable : {"VIRTUAL_ENV=/srv/work/.venv", "GITHUB_ACTIONS=true", "RUNNER_TEMP=/srv/work/temp", "CARGO_HOME=/srv/work/.cargo"})
    facts.environment.push_back(variable);
  for (const Policy& policy : {default_policy(), reduced()}) {
    const Plan plan = plan_of(facts, policy);
    for (const char* real : {"/root/keys", "/etc/cron.d", "/etc/shadow"}) CHECK_FALSE(shows(plan, real));
    CHECK(warns(plan, "not showing '/srv/work/.cargo/config.toml' (settings of cargo): a link in the checkout leads out of it to '/etc/shadow'"));
  }
}

TEST_CASE("a link of the checkout to a place in it, or to what the box shows anyway, needs no warning", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_link(facts, "/srv/work/bin", "/srv/work/tools/bin");
  has_link(facts, "/srv/work/venv/bin", "/usr/lib/venv/bin");
  facts.environment[0] = "PATH=/srv/work/bin:/srv/work/venv/bin:/usr/bin";
  for (const Policy& policy : {default_policy(), reduced()}) CHECK(plan_of(facts, policy).remarks.warnings.empty());
}

TEST_CASE("a rule for the real path shows what the link leads to, without a warning", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_link(facts, "/srv/work/bin", "/opt/tools/bin");
  has_directory(facts, "/opt/tools");
  facts.environment[0] = "PATH=/srv/work/bin:/usr/bin";
  Policy policy = reduced();
  policy.paths = {rule(PathAccess::ro, "/opt/tools")};
  const Plan plan = plan_of(facts, policy);
  CHECK(shows(plan, "/opt/tools"));
  CHECK(plan.remarks.warnings.empty());
}

TEST_CASE("a link that belongs to no checkout may lead anywhere", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_link(facts, "/opt/go/bin", "/opt/go-1.22/bin");
  facts.environment[0] = "PATH=/opt/go/bin:/usr/bin";
  has_link(facts, "/opt/sdk", "/root/sdk");
  Policy policy = reduced();
  policy.paths = {rule(PathAccess::rw, "/opt/sdk")};
  const Plan plan = plan_of(facts, policy);
  CHECK(shows(plan, "/opt/go-1.22/bin"));
  CHECK(shows(plan, "/root/sdk"));
}

TEST_CASE("a rule for a link of the checkout that leads out is refused, and names both paths", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_link(facts, "/srv/work/build", "/etc/target");
  for (const PathAccess access : {PathAccess::ro, PathAccess::rw}) {
    Policy policy = default_policy();
    policy.paths = {rule(access, "/srv/work/build")};
    const Error error = refusal_of(facts, policy);
    const std::string option = std::string("--") + name_of(access);
    CHECK(error.message == "cannot show '/srv/work/build' (" + option + "): a link in the checkout leads out of it to '/etc/target'");
    CHECK(error.hint == "if you mean that place, name the real path: " + option + " /etc/target");
    // Without a checkout the link is the project's all the same.
    policy.source.value = SourceMode::none;
    CHECK(refusal_of(facts, policy).message == error.message);
    policy.source.value = SourceMode::rw;
    policy.isolation.value = Isolation::landlock;
    facts.landlock_abi = 5;
    CHECK(refusal_of(facts, policy).message == error.message);
  }
  // It opens nothing.
  Policy policy = default_policy();
  policy.paths = {rule(PathAccess::hide, "/srv/work/build")};
  CHECK_FALSE(plan_of(facts, policy).files.mounts.empty());
}

TEST_CASE("a source path that a link of the checkout leads out is refused", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_link(facts, "/srv/work/sub", "/etc/target");
  has_link(facts, "/srv/work/inside", "/srv/work/src");
  Policy policy = default_policy();
  policy.source_path = {"/srv/work/sub", on_command_line("--source-path")};
  const Error error = refusal_of(facts, policy);
  CHECK(error.message == "cannot use '/srv/work/sub' (--source-path) as the checkout: a link in the checkout leads out of it to '/etc/target'");
  CHECK(error.hint == "if you mean that place, name the real path: --source-path /etc/target");
  policy.source_path.value = "/srv/work/inside";
  CHECK(plan_of(facts, policy).files.source_path == "/srv/work/src");
}

TEST_CASE("a source path elsewhere is a checkout like any other, links included", "[run][links-out]") {
  HostFacts facts = root_facts();
  has_directory(facts, "/opt/project");
  has_link(facts, "/opt/project/build", "/etc/target");
  Policy policy = default_policy();
  policy.source_path = {"/opt/project", on_command_line("--source-path")};
  policy.paths = {rule(PathAccess::rw, "/opt/project/build")};
  CHECK(refusal_of(facts, policy).message.ends_with("leads out of it to '/etc/target'"));
}

TEST_CASE("PATH and toolchains show no socket", "[run][links-out]") {
  HostFacts facts = root_facts();
  const HostFacts::NamedPath socket{.real = "/run/docker.sock", .kind = HostPathKind::file, .is_socket = true};
  facts.paths["/run/docker.sock"] = socket;
  facts.paths["/root/.rustup"] = socket;
  facts.environment[0] = "PATH=/run/docker.sock:/usr/bin";
  facts.environment.push_back("JAVA_HOME=/run/docker.sock");
  for (const Policy& policy : {default_policy(), reduced()}) CHECK_FALSE(shows(plan_of(facts, policy), "/run/docker.sock"));
}

TEST_CASE("only a socket that a rule names counts as named; one that a CI announces is warned of", "[run][links-out]") {
  HostFacts facts = root_facts();
  facts.paths["/run/agent.sock"] = {.real = "/run/agent.sock", .kind = HostPathKind::file, .is_socket = true};
  facts.environment.push_back("NOTIFY_SOCKET=/run/agent.sock");
  Policy policy = default_policy();
  policy.network.value = NetworkMode::none;
  const Plan announced = plan_of(facts, policy);
  REQUIRE(shows(announced, "/run/agent.sock"));
  CHECK(path_sockets(announced).requested);
  CHECK(path_sockets(announced).reason == "the step can connect to '/run/agent.sock' (announced by NOTIFY_SOCKET)");
  policy.paths = {rule(PathAccess::ro, "/run/agent.sock")};
  facts.environment.pop_back();
  const Plan named = plan_of(facts, policy);
  CHECK_FALSE(path_sockets(named).requested);
  CHECK(path_sockets(named).reason == "'/run/agent.sock' (ro) was named, and the step can connect to it");
}
