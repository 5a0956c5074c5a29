#include "run/failure_hints.hpp"

#include <catch2/catch.hpp>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using run::Finding;

namespace {

run::Planned planned(HostFacts facts, Policy policy = default_policy()) {
  Plan plan = plan_of(facts, policy);
  return {std::move(facts), std::move(policy), std::move(plan)};
}

bool has(const std::vector<Difference>& differences, const Difference& wanted) {
  return std::ranges::find(differences, wanted) != differences.end();
}

}  // namespace

TEST_CASE("the box is told by what differs from a run without it", "[failure-hints]") {
  CHECK(run::text_of(run::differences_of(planned(user_facts()))) ==
        "the box: home, /tmp and /run fresh; host files ro; sudo off; seccomp default; workspace at most 8 GiB; "
        "`stepbox explain` says more");
  CHECK(run::text_of(run::differences_of(planned(root_facts()))) ==
        "the box: home, /tmp and /run fresh; host files ro; user ids shifted; seccomp default; workspace at most 8 GiB; "
        "`stepbox explain` says more");
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
  const std::vector<Difference> found = run::differences_of(planned(facts, policy));
  CHECK_FALSE(has(found, {"home", "fresh"}));
  CHECK(has(found, {"network", "none"}));
  CHECK(has(found, {"checkout", "ro"}));
  CHECK(has(found, {"nested sandboxes", "denied"}));
  CHECK(has(found, {"environment", "without A, B, C\\n and 2 more"}));
  CHECK(has(found, {"file-size", "at most 4096"}));
}

TEST_CASE("without a box the host's own places are no difference", "[failure-hints]") {
  Policy policy = default_policy();
  policy.isolation.value = Isolation::env;
  HostFacts facts = user_facts();
  facts.private_directory = "/tmp/stepbox-box-1";
  const std::vector<Difference> found = run::differences_of(planned(facts, policy));
  CHECK(has(found, {"isolation", "env"}));
  CHECK_FALSE(has(found, {"/tmp", "fresh"}));
  CHECK_FALSE(has(found, {"host files", "ro"}));
}

TEST_CASE("nothing that differs is nothing to say", "[failure-hints]") {
  CHECK(run::text_of(std::vector<Difference>()).empty());
  CHECK(run::text_of(std::vector<Difference>{{"network", "none"}}) == "the box: network none; `stepbox explain` says more");
  CHECK(run::text_of(std::vector<Difference>{{"a", "x"}, {"b", "x"}}) == "the box: a and b x; `stepbox explain` says more");
}

TEST_CASE("every finding is one line with its names escaped", "[failure-hints]") {
  for (int kind = 0; kind <= static_cast<int>(Finding::Kind::read_only_checkout); ++kind) {
    const std::string text = run::text_of(Finding{static_cast<Finding::Kind>(kind), "na\nme", "/pa\nth"});
    CAPTURE(text);
    CHECK_FALSE(text.empty());
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.back() != '.');
  }
}
