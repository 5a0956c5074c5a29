#include <algorithm>

#include "base/text.hpp"
#include "model/box_limits.hpp"
#include "plan/parts.hpp"

namespace stepbox::plan {
namespace {

using std::string;
using std::string_view;

const CgroupHierarchy* hierarchy_with(const HostFacts& facts, string_view controller) {
  const auto found = std::ranges::find_if(facts.cgroups, [&](const CgroupHierarchy& hierarchy) {
    return std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end();
  });
  return found == facts.cgroups.end() ? nullptr : &*found;
}

void add_files(std::vector<CgroupFile>& files, const LimitFiles& row, const PlannedLimit& limit) {
  for (const LimitFile& file : row.files)
    if (file.name != nullptr)
      files.push_back({file.name, file.value(limit.amount), limit.name, file.may_be_missing, file.may_be_refused, file.is_for_inner});
}

PlannedGroup& group_in(CgroupPlan& plan, const CgroupHierarchy& hierarchy) {
  const auto found = std::ranges::find(plan.groups, hierarchy.own, &PlannedGroup::parent);
  if (found != plan.groups.end()) return *found;
  return plan.groups.emplace_back(PlannedGroup{.parent = hierarchy.own, .unified = hierarchy.unified});
}

void add(CgroupPlan& plan, const PlannedLimit& limit, const BoxLimit& row, const CgroupHierarchy& hierarchy) {
  PlannedGroup& group = group_in(plan, hierarchy);
  if (hierarchy.unified && std::ranges::find(hierarchy.enabled, row.controller) == hierarchy.enabled.end())
    group.enable.emplace_back(row.controller);
  add_files(group.files, hierarchy.unified ? row.unified : row.v1, limit);
  plan.limits.push_back(limit);
}

const CgroupHierarchy* unified_of(const HostFacts& facts) {
  const auto found = std::ranges::find(facts.cgroups, true, &CgroupHierarchy::unified);
  return found == facts.cgroups.end() ? nullptr : &*found;
}

}  // namespace

string reason_against_limit(const HostFacts& facts, string_view limit) {
  const auto tried = facts.no_limit_reasons.find(limit);
  if (tried != facts.no_limit_reasons.end()) return tried->second;
  const string controller = find_box_limit(limit)->controller;
  if (const CgroupHierarchy* hierarchy = hierarchy_with(facts, controller)) {
    if (hierarchy->undelegated.empty()) return {};
    return "control group " + quoted(hierarchy->undelegated) +
           " is not delegated (Delegate=yes): systemd would take the limit back at its next reload";
  }
  if (const CgroupHierarchy* unified = unified_of(facts))
    return "control group " + quoted(unified->own) + " does not have the controller " + quoted(controller) +
           ": the group above does not hand it down (cgroup.subtree_control)";
  return "no control group hierarchy that shows the caller's own group has the controller " + quoted(controller);
}

string how_to_get_own_group(const HostFacts& facts) {
  if (!facts.has_systemd)
    return "stepbox needs a control group that it may write to and has to itself: in a container start it as root and as "
           "the first process, with no shell and no --init before it, or limit the container instead (docker run "
           "--memory --pids-limit --cpus)";
  const string command = "systemd-run " + string(facts.uid == 0 ? "" : "--user ") + "--scope -p Delegate=yes -- stepbox run ...";
  if (facts.uid == 0 || facts.has_user_manager) return "start stepbox in a group of its own: " + command;
  const string uid = std::to_string(facts.uid);
  return "start stepbox in a group of its own: XDG_RUNTIME_DIR=/run/user/" + uid + " " + command +
         ", after root has once run loginctl enable-linger " + uid;
}

string cannot_enforce(const PlannedLimit& limit) {
  return "cannot enforce limits." + string(limit.name) + " of " + escaped(limit.origin.text());
}

bool needs_cgroup(const Policy& policy) {
  return std::ranges::any_of(kBoxLimits, [&](const BoxLimit& row) { return is_set(policy.limits, row); });
}

Result<LimitsPlan> plan_limits(const Identity& identity, const Policy& policy, const HostFacts& facts, Remarks& remarks) {
  LimitsPlan planned;
  planned.deadlines = plan_deadlines(policy, facts, remarks);
  planned.process_limits = policy.limits.of_process;
  for (const BoxLimit& row : kBoxLimits) {
    const std::optional<uint64_t> amount = amount_in(policy.limits, row, facts.memory_usable);
    if (!amount) continue;
    const PlannedLimit limit{row.name(), *amount, origin_in(policy.limits, row)};
    const string reason = reason_against_limit(facts, limit.name);
    if (reason.empty()) {
      add(planned.cgroup, limit, row, *hierarchy_with(facts, row.controller));
    } else if (policy.limits.is_optional(limit.name)) {
      remarks.warnings.push_back("limits." + string(limit.name) + " is not enforced: " + reason);
    } else {
      return fail(cannot_enforce(limit) + ": " + reason,
                  how_to_get_own_group(facts) + "; or run without it where it cannot be had: --limit optional=" + string(limit.name));
    }
  }
  // v1 cannot kill a group. Where v2 is mounted as well, its group does that, and measures the time used.
  const CgroupHierarchy* unified = unified_of(facts);
  if (!planned.cgroup.groups.empty() && unified != nullptr) group_in(planned.cgroup, *unified);
  // A shifted step's ids own nothing on the host, so one group keeps the limits out of its reach as well as two do.
  if (identity.isolation != UidIsolation::shifted)
    for (PlannedGroup& group : planned.cgroup.groups) group.has_inner = !group.files.empty();
  planned.cgroup.remedy = how_to_get_own_group(facts);
  return planned;
}

}  // namespace stepbox::plan
