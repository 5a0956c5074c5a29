#include <algorithm>

#include "base/text.hpp"
#include "plan/parts.hpp"

namespace stepbox::plan {
namespace {

using std::string;
using std::string_view;

// How the hierarchies spell a limit.
struct LimitRow {
  string_view limit;  // of kBoxLimits
  const char* controller;
};

constexpr LimitRow kRows[] = {{"memory", "memory"}, {"processes", "pids"}, {"cpu", "cpu"}};

// The kernel deals out time in periods of this length; its own default.
constexpr uint64_t kPeriod = 100'000;

const CgroupHierarchy* hierarchy_with(const HostFacts& facts, string_view controller) {
  const auto found = std::ranges::find_if(facts.cgroups, [&](const CgroupHierarchy& hierarchy) {
    return std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end();
  });
  return found == facts.cgroups.end() ? nullptr : &*found;
}

// The files in the order in which they must be written: v1 refuses memory with swap below memory alone.
std::vector<CgroupFile> files_of(const PlannedLimit& limit, bool unified) {
  const string amount = std::to_string(limit.amount);
  // Init is one more.
  if (limit.name == "processes") return {{"pids.max", std::to_string(limit.amount + 1), limit.name}};
  if (limit.name == "cpu") {
    const string quota = std::to_string(limit.amount * kPeriod / 1'000);
    if (unified) return {{"cpu.max", quota + " " + std::to_string(kPeriod), limit.name}};
    return {{"cpu.cfs_period_us", std::to_string(kPeriod), limit.name}, {"cpu.cfs_quota_us", quota, limit.name}};
  }
  if (unified)
    return {{"memory.max", amount, limit.name},
            {"memory.swap.max", "0", limit.name, true},
            // One process of many killed would be a build that goes on with half of its results.
            {"memory.oom.group", "1", limit.name}};
  // TCP buffers are counted apart from all other memory, and only for processes of a group that has this limit itself (kernel:
  // mem_cgroup_sk_alloc()). A quarter is more than their share of a host by default (tcp_mem, tcp(7)).
  const string of_sockets = std::to_string(limit.amount / 4);
  return {{"memory.limit_in_bytes", amount, limit.name},
          {"memory.memsw.limit_in_bytes", amount, limit.name, true},
          {.name = "memory.kmem.tcp.limit_in_bytes", .value = of_sockets, .limit = limit.name, .may_be_refused = true, .is_for_inner = true}};
}

PlannedGroup& group_in(CgroupPlan& plan, const CgroupHierarchy& hierarchy) {
  const auto found = std::ranges::find(plan.groups, hierarchy.own, &PlannedGroup::parent);
  if (found != plan.groups.end()) return *found;
  return plan.groups.emplace_back(PlannedGroup{.parent = hierarchy.own, .unified = hierarchy.unified});
}

void add(CgroupPlan& plan, const PlannedLimit& limit, const CgroupHierarchy& hierarchy, const string& controller) {
  PlannedGroup& group = group_in(plan, hierarchy);
  if (hierarchy.unified && std::ranges::find(hierarchy.enabled, controller) == hierarchy.enabled.end())
    group.enable.push_back(controller);
  std::ranges::move(files_of(limit, hierarchy.unified), std::back_inserter(group.files));
  plan.limits.push_back(limit);
}

std::vector<PlannedLimit> wanted_limits(const Limits& limits, const HostFacts& facts) {
  std::vector<PlannedLimit> wanted;
  if (limits.memory.value)
    wanted.push_back({"memory", limits.memory.value->bytes_of(facts.memory_usable), limits.memory.origin});
  if (limits.processes.value) wanted.push_back({"processes", *limits.processes.value, limits.processes.origin});
  if (limits.cpu.value) wanted.push_back({"cpu", *limits.cpu.value, limits.cpu.origin});
  return wanted;
}

const LimitRow& row_of(string_view limit) { return *std::ranges::find(kRows, limit, &LimitRow::limit); }

const CgroupHierarchy* unified_of(const HostFacts& facts) {
  const auto found = std::ranges::find(facts.cgroups, true, &CgroupHierarchy::unified);
  return found == facts.cgroups.end() ? nullptr : &*found;
}

}  // namespace

string reason_against_limit(const HostFacts& facts, string_view limit) {
  const auto tried = facts.no_limit_reasons.find(limit);
  if (tried != facts.no_limit_reasons.end()) return tried->second;
  const string controller = row_of(limit).controller;
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
  return policy.limits.memory.value || policy.limits.processes.value || policy.limits.cpu.value;
}

Result<> plan_limits(Plan& plan, const Policy& policy, const HostFacts& facts) {
  plan.process_limits = policy.limits.of_process;
  for (const PlannedLimit& limit : wanted_limits(policy.limits, facts)) {
    const LimitRow& row = row_of(limit.name);
    const string reason = reason_against_limit(facts, limit.name);
    if (reason.empty()) {
      add(plan.cgroup, limit, *hierarchy_with(facts, row.controller), row.controller);
    } else if (policy.limits.is_optional(limit.name)) {
      plan.warnings.push_back("limits." + string(limit.name) + " is not enforced: " + reason);
    } else {
      return fail(cannot_enforce(limit) + ": " + reason,
                  how_to_get_own_group(facts) + "; or run without it where it cannot be had: --limit optional=" + string(limit.name));
    }
  }
  // v1 cannot kill a group; where v2 is there as well it does, and tells the time that was used.
  const CgroupHierarchy* unified = unified_of(facts);
  if (!plan.cgroup.groups.empty() && unified != nullptr) group_in(plan.cgroup, *unified);
  // A shifted step's ids own nothing of the host's: the limits are out of its reach in one group as in two.
  if (plan.identity.isolation != UidIsolation::shifted)
    for (PlannedGroup& group : plan.cgroup.groups) group.has_inner = !group.files.empty();
  plan.cgroup.remedy = how_to_get_own_group(facts);
  return {};
}

}  // namespace stepbox::plan
