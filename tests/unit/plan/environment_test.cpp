#include <algorithm>

#include "model/dropped_variables.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

const EnvEntry* entry(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.step.environment, name, &EnvEntry::name);
  return found == plan.step.environment.end() ? nullptr : &*found;
}

std::string value(const Plan& plan, std::string_view name) {
  const EnvEntry* found = entry(plan, name);
  return found == nullptr ? "(unset)" : found->value;
}

HostFacts inheriting(std::vector<std::string> environment) {
  HostFacts facts = user_facts();
  facts.environment = std::move(environment);
  return facts;
}

Policy with_rules(std::vector<EnvRule> rules) {
  Policy policy = default_policy();
  policy.environment = std::move(rules);
  return policy;
}

}  // namespace

TEST_CASE("the step inherits its caller's variables in their order", "[run][environment]") {
  const Plan plan = plan_of(inheriting({"B=2", "A=1", "EMPTY=", "EQ=a=b"}));
  CHECK(plan.step.environment[0].name == "B");
  CHECK(plan.step.environment[1].name == "A");
  CHECK(value(plan, "EMPTY") == "");
  CHECK(value(plan, "EQ") == "a=b");
}

TEST_CASE("of a variable that stands there twice the last one is kept, once", "[run][environment]") {
  const Plan plan = plan_of(inheriting({"A=1", "A=2"}));
  CHECK(value(plan, "A") == "2");
  CHECK(std::ranges::count(plan.step.environment, "A", &EnvEntry::name) == 1);
}

TEST_CASE("an entry without an equals sign goes on as it came", "[run][environment]") {
  const Plan plan = plan_of(inheriting({"NOVALUE", "A="}));
  REQUIRE(entry(plan, "NOVALUE") != nullptr);
  CHECK_FALSE(entry(plan, "NOVALUE")->has_value);
  CHECK(entry(plan, "A")->has_value);
}

TEST_CASE("what is set over an entry without an equals sign has a value", "[run][environment]") {
  const Plan plan = plan_of(inheriting({"GOCACHE", "MINE"}), with_rules({{EnvAction::set, "MINE", "x", {}}}));
  CHECK(entry(plan, "GOCACHE")->has_value);
  CHECK(entry(plan, "MINE")->has_value);
}

TEST_CASE("a redirect wins over what was inherited and keeps its place", "[run][environment]") {
  const Plan plan = plan_of(inheriting({"GOCACHE=/home/bob/.cache/go-build", "A=1"}));
  CHECK(plan.step.environment[0].name == "GOCACHE");
  CHECK(value(plan, "GOCACHE") == "/box/cache/go-build");
  CHECK(entry(plan, "GOCACHE")->cause == EnvCause::redirect);
  CHECK(entry(plan, "GOCACHE")->tool == "go-build-cache");
}

TEST_CASE("home and temporary directories lead into the box", "[run][environment]") {
  const Plan plan = plan_of(user_facts());
  CHECK(value(plan, "HOME") == "/box/home");
  CHECK(value(plan, "TMPDIR") == "/box/tmp");
  CHECK(value(plan, "XDG_RUNTIME_DIR") == "/box/run/user/1000");
  CHECK(value(plan_of(root_facts()), "XDG_RUNTIME_DIR") == "/box/run/user/0");
}

TEST_CASE("in the home of the host HOME stays what it is", "[run][environment]") {
  Policy policy = default_policy();
  policy.home.value = HomeMode::host;
  CHECK(value(plan_of(user_facts(), policy), "HOME") == "/home/bob");
  CHECK(value(plan_of(user_facts(), policy), "TMPDIR") == "/box/tmp");
}

TEST_CASE("a variable that is kept by pattern is not redirected", "[run][environment]") {
  const HostFacts facts = inheriting({"GOCACHE=/mine", "GOPATH=/mine too"});
  const Plan plan = plan_of(facts, with_rules({{EnvAction::keep, "GO*", "", {}}}));
  CHECK(value(plan, "GOCACHE") == "/mine");
  CHECK(value(plan, "GOPATH") == "/mine too");
  CHECK(value(plan, "GOMODCACHE") == "(unset)");
  CHECK(value(plan, "TMPDIR") == "/box/tmp");
}

TEST_CASE("a cleared environment keeps what is needed and what is named, and tells the rest", "[run][environment]") {
  Policy policy = with_rules({{EnvAction::keep, "MY_*", "", {}}});
  policy.clear_environment.value = true;
  const Plan plan = plan_of(inheriting({"PATH=/usr/bin", "SECRET=x", "MY_VAR=y", "LANG=C", "AWS_KEY=z"}), policy);
  CHECK(value(plan, "PATH").starts_with("/usr/bin"));
  CHECK(value(plan, "MY_VAR") == "y");
  CHECK(value(plan, "LANG") == "C");
  CHECK(value(plan, "SECRET") == "(unset)");
  CHECK(value(plan, "HOME") == "/box/home");
  CHECK(plan.step.unset == std::vector<std::string>{"SECRET", "AWS_KEY"});
}

TEST_CASE("a variable that the step gets anew is not dropped", "[run][environment]") {
  Policy policy = default_policy();
  policy.clear_environment.value = true;
  const Plan plan = plan_of(inheriting({"HOME=/home/bob", "SECRET=x"}), policy);
  CHECK(value(plan, "HOME") == "/box/home");
  CHECK(dropped_variables(plan) == std::vector<std::string>{"SECRET"});
}

TEST_CASE("rules of the policy come last, in their order", "[run][environment]") {
  const Origin origin = on_command_line("--env");
  const Plan plan =
      plan_of(inheriting({"A=1", "B=2"}), with_rules({{EnvAction::set, "A", "x", origin},
                                                      {EnvAction::set, "A", "y", origin},
                                                      {EnvAction::unset, "B", "", origin},
                                                      {EnvAction::unset, "NEVER", "", origin},
                                                      {EnvAction::set, "GOCACHE", "/elsewhere", origin},
                                                      {EnvAction::redirect, "MINE", "cache/mine", origin}}));
  CHECK(value(plan, "A") == "y");
  CHECK(entry(plan, "A")->cause == EnvCause::policy);
  CHECK(entry(plan, "A")->origin.place == "--env");
  CHECK(value(plan, "B") == "(unset)");
  CHECK(plan.step.unset == std::vector<std::string>{"B"});
  CHECK(value(plan, "GOCACHE") == "/elsewhere");
  CHECK(value(plan, "MINE") == "/box/cache/mine");
}

TEST_CASE("PWD is where the step starts, when there was one", "[run][environment]") {
  HostFacts facts = inheriting({"PWD=/by/a/link"});
  CHECK(value(plan_of(facts), "PWD") == "/home/bob/work");
  Policy policy = default_policy();
  policy.source.value = SourceMode::none;
  CHECK(value(plan_of(facts, policy), "PWD") == "/box/home");
  CHECK(value(plan_of(inheriting({"A=1"})), "PWD") == "(unset)");
}

TEST_CASE("LISTEN_PID is the step's own, when there was one", "[run][environment]") {
  CHECK(value(plan_of(inheriting({"LISTEN_PID=4711", "LISTEN_FDS=1"})), "LISTEN_PID") == "2");
  CHECK(value(plan_of(inheriting({"A=1"})), "LISTEN_PID") == "(unset)");
}

TEST_CASE("PATH gains what redirected tools install, at its end", "[run][environment]") {
  const Plan plan = plan_of(inheriting({"PATH=/usr/bin:/bin"}));
  CHECK(value(plan, "PATH").starts_with("/usr/bin:/bin:/box/"));
  CHECK(value(plan, "PATH").find(":/box/cache/go/bin") != std::string::npos);
  CHECK(value(plan, "PATH").find(":/box/cache/cargo/bin") != std::string::npos);
  CHECK(entry(plan, "PATH")->cause == EnvCause::stepbox);
  CHECK(value(plan_of(inheriting({"A=1"})), "PATH") == "(unset)");
}

TEST_CASE("a toolchain's variable points to the host's path unless the caller's does", "[run][environment]") {
  HostFacts facts = inheriting({"A=1"});
  has_directory(facts, "/home/bob/.rustup");
  CHECK(value(plan_of(facts), "RUSTUP_HOME") == "/home/bob/.rustup");
  CHECK(entry(plan_of(facts), "RUSTUP_HOME")->cause == EnvCause::toolchain);
  facts.environment = {"RUSTUP_HOME=/opt/rust"};
  CHECK(value(plan_of(facts), "RUSTUP_HOME") == "/opt/rust");
  CHECK(value(plan_of(inheriting({"A=1"})), "RUSTUP_HOME") == "(unset)");
}

TEST_CASE("a command is looked for as execvp does", "[run][environment]") {
  using Paths = std::vector<std::string>;
  const auto programs = [](const std::string& path, const std::string& command) {
    Plan plan = plan_of(inheriting({path}), with_rules({{EnvAction::set, "PATH", path.substr(5), {}}}), {command});
    return plan.step.programs;
  };
  CHECK(programs("PATH=/a:/b", "make") == Paths{"/a/make", "/b/make"});
  CHECK(programs("PATH=:/b", "make") == Paths{"./make", "/b/make"});
  CHECK(programs("PATH=/a:", "make") == Paths{"/a/make", "./make"});
  CHECK(programs("PATH=/a", "./make") == Paths{"./make"});
  CHECK(programs("PATH=/a", "/x/make") == Paths{"/x/make"});
  CHECK(programs("PATH=/a", "dir/make") == Paths{"dir/make"});
  CHECK(programs("PATH=/a", "") == Paths{""});
  CHECK(plan_of(inheriting({"A=1"}), default_policy(), {"make"}).step.programs == Paths{"/bin/make", "/usr/bin/make"});
}

TEST_CASE("the PATH that is searched is the step's own", "[run][environment]") {
  const Plan set = plan_of(user_facts(), with_rules({{EnvAction::set, "PATH", "/mine", {}}}));
  CHECK(set.step.programs == std::vector<std::string>{"/mine/make"});
  const Plan unset = plan_of(user_facts(), with_rules({{EnvAction::unset, "PATH", "", {}}}));
  CHECK(unset.step.programs == std::vector<std::string>{"/bin/make", "/usr/bin/make"});
}
