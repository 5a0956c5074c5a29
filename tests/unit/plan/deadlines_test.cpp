#include "plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using namespace std::chrono_literals;

namespace {

// Ten seconds of grace as built in, and what LUCI says: an end in so many seconds, and a grace.
HostFacts within_luci(double left, double grace) {
  HostFacts facts = user_facts();
  facts.now = 1'700'000'000;
  facts.outer_deadline = OuterDeadline{facts.now + left, grace};
  return facts;
}

Policy with_grace(std::chrono::milliseconds grace, Layer layer = Layer::built_in) {
  Policy policy = default_policy();
  policy.grace = {grace, Origin{.layer = layer, .place = "p"}};
  return policy;
}

Policy with_timeout(std::chrono::milliseconds timeout) {
  Policy policy = with_grace(10s);
  policy.timeout = {timeout, on_command_line("--timeout")};
  return policy;
}

}  // namespace

TEST_CASE("the policy's limits go into the plan with their origin", "[run][deadlines]") {
  Policy policy = with_timeout(30min);
  policy.silence = {5min, on_command_line("--silence")};
  const Deadlines deadlines = plan_of(user_facts(), policy).limits.deadlines;
  CHECK(deadlines.timeout.value == 30min);
  CHECK(deadlines.timeout.origin.text() == "--timeout");
  CHECK(deadlines.silence.value == 5min);
  CHECK(deadlines.grace.value == 10s);
}

TEST_CASE("without a word about time there is no limit", "[run][deadlines]") {
  const Deadlines deadlines = plan_of(user_facts(), with_grace(10s)).limits.deadlines;
  CHECK_FALSE(deadlines.timeout.value);
  CHECK_FALSE(deadlines.silence.value);
  CHECK_FALSE(deadlines.grace_after_cancel);
}

TEST_CASE("a grace that somebody chose counts when stepbox is asked to stop, too", "[run][deadlines]") {
  CHECK(plan_of(user_facts(), with_grace(3s, Layer::command_line)).limits.deadlines.grace_after_cancel);
  CHECK(plan_of(user_facts(), with_grace(3s, Layer::site)).limits.deadlines.grace_after_cancel);
}

TEST_CASE("of the policy's time limit and LUCI's the earlier counts", "[run][deadlines]") {
  const Deadlines outer = plan_of(within_luci(600, 30), with_timeout(30min)).limits.deadlines;
  CHECK(outer.timeout.value == 600s);
  CHECK(outer.timeout.origin.text() == "LUCI_CONTEXT");
  CHECK(outer.grace_after_cancel);
  const Deadlines own = plan_of(within_luci(3600, 30), with_timeout(30min)).limits.deadlines;
  CHECK(own.timeout.value == 30min);
  CHECK(own.timeout.origin.text() == "--timeout");
  CHECK(plan_of(within_luci(12.5, 30), with_grace(10s)).limits.deadlines.timeout.value == 12'500ms);
}

TEST_CASE("a deadline of LUCI that is over is over", "[run][deadlines]") {
  CHECK(plan_of(within_luci(-5, 30), with_grace(10s)).limits.deadlines.timeout.value == 0ms);
}

TEST_CASE("a deadline of LUCI that is centuries away does not overflow", "[run][deadlines]") {
  CHECK(plan_of(within_luci(1e300, 1e300), with_grace(10s)).limits.deadlines.timeout.value == std::chrono::days(3650));
}

TEST_CASE("LUCI's grace is only ever made shorter, and leaves time for the teardown", "[run][deadlines]") {
  CHECK(plan_of(within_luci(600, 30), with_grace(10s)).limits.deadlines.grace.value == 10s);
  CHECK(plan_of(within_luci(600, 30), with_grace(60s)).limits.deadlines.grace.value == 28s);
  CHECK(plan_of(within_luci(600, 5), with_grace(10s)).limits.deadlines.grace.value == 4'500ms);
  CHECK(plan_of(within_luci(600, 0), with_grace(10s)).limits.deadlines.grace.value == 1ms);
}

TEST_CASE("LUCI without a deadline changes nothing", "[run][deadlines]") {
  HostFacts facts = user_facts();
  facts.outer_deadline = OuterDeadline{};
  const Deadlines deadlines = plan_of(facts, with_timeout(30min)).limits.deadlines;
  CHECK(deadlines.timeout.value == 30min);
  CHECK_FALSE(deadlines.grace_after_cancel);
}

TEST_CASE("a LUCI_CONTEXT that cannot be read is said, and no reason not to run", "[run][deadlines]") {
  HostFacts facts = user_facts();
  facts.outer_deadline_problem = "cannot understand '/x': it is not a JSON object";
  const Plan plan = plan_of(facts, with_timeout(30min));
  CHECK(plan.limits.deadlines.timeout.value == 30min);
  REQUIRE(plan.remarks.warnings.size() == 1);
  CHECK(plan.remarks.warnings[0] ==
        "the deadline of LUCI_CONTEXT is not known: cannot understand '/x': it is not a JSON object");
}
