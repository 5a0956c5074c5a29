#include <algorithm>
#include <chrono>
#include <cmath>

#include "plan/parts.hpp"

namespace stepbox::plan {
namespace {

using std::chrono::milliseconds;

// The outer layer kills stepbox when its own grace is over, and the box must be gone by then. Reserves a tenth of
// that grace for the teardown, at most two seconds.
milliseconds within(milliseconds outer_grace) {
  const milliseconds reserved = std::min<milliseconds>(std::chrono::seconds(2), outer_grace / 10);
  return std::max(outer_grace - reserved, milliseconds(1));
}

// Bounded, so that no clock overflows.
milliseconds from_seconds(double seconds) {
  constexpr double kTenYears = 3650.0 * 86'400;
  return milliseconds(std::llround(std::clamp(seconds, 0.0, kTenYears) * 1000));
}

void tighten(Deadlines& deadlines, const OuterDeadline& outer, double now) {
  if (outer.soft_deadline <= 0) return;
  const Origin origin{.layer = Layer::environment, .place = "LUCI_CONTEXT"};
  const milliseconds left = from_seconds(outer.soft_deadline - now);
  if (!deadlines.timeout.value || left < *deadlines.timeout.value) deadlines.timeout = {left, origin};
  deadlines.grace_after_cancel = true;
  const milliseconds grace = within(from_seconds(outer.grace));
  if (grace < deadlines.grace.value) deadlines.grace = {grace, origin};
}

}  // namespace

Deadlines plan_deadlines(const Policy& policy, const HostFacts& facts, Remarks& remarks) {
  Deadlines deadlines{.timeout = policy.timeout,
                      .silence = policy.silence,
                      .grace = policy.grace,
                      .grace_after_cancel = policy.grace.origin.layer != Layer::built_in};
  if (facts.outer_deadline) tighten(deadlines, *facts.outer_deadline, facts.now);
  if (!facts.outer_deadline_problem.empty())
    remarks.warnings.push_back("the deadline of LUCI_CONTEXT is not known: " + facts.outer_deadline_problem);
  return deadlines;
}

}  // namespace stepbox::plan
