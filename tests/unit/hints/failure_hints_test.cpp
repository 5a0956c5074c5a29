#include "hints/failure_hints.hpp"

#include <catch2/catch.hpp>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using hints::Finding;

namespace {

Planned planned(HostFacts facts, Policy policy = default_policy()) {
  Plan plan = plan_of(facts, policy);
  return {std::move(facts), std::move(policy), std::move(plan)};
}

bool has(const std::vector<Difference>& differences, const Difference& wanted) {
  return std::ranges::any_of(differences, [&](const Difference& one) { return one.name == wanted.name && one.value == wanted.value; });
}

}  // namespace

TEST_CASE("defaults are differences, but not worth a line", "[failure-hints]") {
  const std::vector<Difference> found = hints::differences_of(planned(GENERATE(user_facts(), root_facts())));
  CHECK(has(found, {"home", "fresh"}));
  CHECK(has(found, {"host files", "ro"}));
  CHECK(has(found, {"workspace", "at most 8 GiB"}));
  CHECK(hints::chosen_text(found).empty());
}

TEST_CASE("choices are listed with the option or policy behind them", "[failure-hints]") {
  Policy policy = default_policy();
  policy.network = {NetworkMode::none, on_command_line("--network")};
  policy.source = {SourceMode::ro, {.layer = Layer::built_in, .place = "strict", .line = 10, .column = 9}};
  policy.limits.of_process.push_back({RLIMIT_FSIZE, "file-size", 1 << 20, on_command_line("--limit")});
  policy.limits.of_process.push_back({RLIMIT_NOFILE, "open-files", 4096, on_command_line("--limit")});
  CHECK(hints::chosen_text(hints::differences_of(planned(user_facts(), policy))) ==
        "chosen for this step: checkout ro [strict], network none [--network], file-size at most 1 MiB [--limit], "
        "open-files at most 4096 [--limit]");
}

TEST_CASE("what a policy takes away is named, and what it leaves is not", "[failure-hints]") {
  Policy policy = default_policy();
  policy.home.value = HomeMode::host;
  policy.network.value = NetworkMode::none;
  policy.source.value = SourceMode::ro;
  policy.allow_nesting.value = false;
  policy.clear_environment.value = true;
  policy.limits.of_process.push_back({RLIMIT_FSIZE, "file-size", 4096, on_command_line("--limit")});
  HostFacts facts = user_facts();
  facts.environment = {"PATH=/bin", "A=1", "B=1", "C\n=1", "D=1", "E=1"};
  facts.landlock_abi = 6;
  const std::vector<Difference> found = hints::differences_of(planned(facts, policy));
  CHECK_FALSE(has(found, {"home", "fresh"}));
  CHECK(has(found, {"network", "none"}));
  CHECK(has(found, {"checkout", "ro"}));
  CHECK(has(found, {"nested sandboxes", "denied"}));
  CHECK(has(found, {"environment", "without A, B, C\\n and 2 more"}));
  CHECK(has(found, {"file-size", "at most 4 KiB"}));
}

TEST_CASE("without a box the host's own places are no difference", "[failure-hints]") {
  Policy policy = default_policy();
  policy.isolation.value = Isolation::env;
  HostFacts facts = user_facts();
  facts.private_directory = "/tmp/stepbox-box-1";
  const std::vector<Difference> found = hints::differences_of(planned(facts, policy));
  CHECK(has(found, {"isolation", "env"}));
  CHECK_FALSE(has(found, {"/tmp", "fresh"}));
  CHECK_FALSE(has(found, {"host files", "ro"}));
}

TEST_CASE("hidden settings are a hint only to a command line that runs their tool", "[failure-hints]") {
  const std::vector<SettingsFile> settings = {{"npm", "~/.npmrc", "/home/bob/.npmrc", false},
                                              {"git", "~/.gitconfig", "/home/bob/.gitconfig", true},
                                              {"go-env", "$XDG_CONFIG_HOME/go/env", "/home/bob/.config/go/env", false},
                                              {"pip", "$XDG_CONFIG_HOME/pip/pip.conf", "/srv/config/pip/pip.conf", false},
                                              {"maven", "~/.m2/settings.xml", "/home/bob/.m2/settings.xml", false}};
  const auto hint = [&](std::vector<std::string> argv, Policy policy = default_policy()) {
    Planned made = planned(user_facts(), std::move(policy));
    made.plan.step.argv = std::move(argv);
    CHECK(hints::runs_tool_with_settings(made.plan.step.argv) == (made.plan.step.argv.front() != "make"));
    return hints::settings_hint(made, settings);
  };
  CHECK(hint({"npm", "ci"}) == "npm's settings (~/.npmrc) are hidden in the box: --settings show");
  CHECK(hint({"env", "A=1", "npx", "x"}) == "npx's settings (~/.npmrc) are hidden in the box: --settings show");
  CHECK(hint({"sh", "-c", "cd sub && go build ./..."}) == "go's settings (~/.config/go/env) are hidden in the box: --settings show");
  CHECK(hint({"python3", "-m", "pip", "install", "x"}) == "pip's settings (/srv/config/pip/pip.conf) are hidden in the box: --settings show");
  CHECK(hint({"./mvnw", "package"}) == "mvnw's settings (~/.m2/settings.xml) are hidden in the box: --settings show");
  CHECK(hint({"git", "status"}).empty());
  CHECK(hint({"make", "npm"}).empty());
  SECTION("not to a step that must not have them") {
    Policy hiding = default_policy();
    hiding.settings.origin = on_command_line("--settings");
    CHECK(hint({"npm", "ci"}, hiding).empty());
    Policy reduced = default_policy();
    reduced.root.value = RootMode::system;
    CHECK(hint({"npm", "ci"}, reduced).empty());
  }
}

TEST_CASE("a remedy can be typed", "[failure-hints]") {
  CHECK(hints::text_of(Finding{Finding::Kind::hidden_path, "x", "/a/my tools/it's"}).ends_with(R"(--ro '/a/my tools/it'\''s')"));
  CHECK(hints::text_of(Finding{Finding::Kind::read_only_path, "x", "/a/$b"}).ends_with("--rw '/a/$b'"));
}

TEST_CASE("every finding is one line with its names escaped", "[failure-hints]") {
  for (int kind = 0; kind <= static_cast<int>(Finding::Kind::read_only_checkout); ++kind) {
    const std::string text = hints::text_of(Finding{static_cast<Finding::Kind>(kind), "na\nme", "/pa\nth"});
    CAPTURE(text);
    CHECK_FALSE(text.empty());
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.back() != '.');
  }
}
