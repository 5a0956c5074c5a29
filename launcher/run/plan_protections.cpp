#include <algorithm>

#include "base/text.hpp"
#include "run/plan_parts.hpp"

namespace stepbox::run {
namespace {

Protection active(std::string_view name) { return {name, true, ProtectionState::active, {}}; }

Protection uid_isolation(const Plan& plan, const HostFacts& facts) {
  if (plan.identity.isolation == UidIsolation::degraded)
    return {"uid-isolation", true, ProtectionState::degraded, facts.no_shift_reason};
  if (plan.identity.uid == 0 && plan.identity.owner_uid == 0)
    return {"uid-isolation", true, ProtectionState::degraded, "the caller is uid 0 without the privilege to shift ids"};
  return active("uid-isolation");
}

Protection network_isolation(const Plan& plan) {
  if (plan.network != NetworkMode::host) return active("network-isolation");
  return {"network-isolation", false, ProtectionState::off, "network: host"};
}

Protection nesting_denied(const Plan& plan) {
  if (plan.deny_nesting) return active("nesting-denied");
  return {"nesting-denied", false, ProtectionState::off, "nesting: allow"};
}

}  // namespace

Result<> plan_protections(Plan& plan, const Policy& policy, const HostFacts& facts) {
  if (plan.deny_nesting && plan.identity.isolation == UidIsolation::degraded)
    return fail("cannot deny nested user namespaces (" + policy.allow_nesting.origin.text() +
                    "): the step has no user namespace of its own (" + facts.no_shift_reason + ")",
                "run stepbox as an ordinary user, or allow nesting");
  plan.protections = {active("quota"),        active("mount-isolation"),  active("pid-isolation"),
                      active("ipc-isolation"), uid_isolation(plan, facts), network_isolation(plan),
                      active("no-new-privileges"), active("capabilities"), active("seccomp"), nesting_denied(plan)};
  for (const RequiredProtection& required : policy.require) {
    const auto found = std::ranges::find(plan.protections, required.name, &Protection::name);
    if (found == plan.protections.end())
      return fail("this version of stepbox has no protection " + quoted(required.name) + " (" + required.origin.text() + ")");
    if (found->state == ProtectionState::active) continue;
    return fail("protection " + quoted(required.name) + " is required by " + required.origin.text() + " but is " +
                    name_of(found->state) + ": " + found->reason,
                "see `stepbox doctor` for what this host is missing, or take it out of `require`");
  }
  return {};
}

}  // namespace stepbox::run
