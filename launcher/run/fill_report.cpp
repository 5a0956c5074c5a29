#include "run/fill_report.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "model/box_limits.hpp"
#include "policy/show.hpp"
#include "workspace/attribution.hpp"

namespace stepbox::run {
namespace {

uint64_t peak_of(const BoxLimit& row, const CgroupUsage& usage) {
  const uint64_t peak = row.peak != nullptr ? usage.*row.peak : 0;
  return peak > row.of_init ? peak - row.of_init : 0;
}

LimitUsage usage_of(const PlannedLimit& limit, const CgroupUsage& usage) {
  const BoxLimit& row = *find_box_limit(limit.name);
  const uint64_t hits = usage.*row.hits / row.hits_divisor;
  const bool is_from_above = hits > 0 && row.is_from_above != nullptr && row.is_from_above(limit.amount, usage);
  return {std::string(row.name()), limit.amount, peak_of(row, usage), hits, is_from_above};
}

// Names the groups that contain the call: these are what a user can take out of the profile (`without`).
void fill_seccomp_log(Report& report, const SeccompFilter& filter, const SeccompLog& log) {
  report.seccomp_log = log;
  for (LoggedCall& call : report.seccomp_log->calls)
    for (const SeccompGroup& group : filter.groups)
      if (std::ranges::count(split(group.calls, ' '), call.name) > 0) call.groups.emplace_back(group.name);
}

// The layers of an overlay belong to no tool: "changes of the checkout".
struct LayersOwner {
  std::string path;  // below the workspace
  std::string name;
};

std::vector<LayersOwner> owners_of_layers(const Plan& plan) {
  constexpr std::string_view kWorkspace = "box/";  // as in targets
  std::vector<LayersOwner> owners;
  for (const PlannedOverlay& overlay : plan.files.overlays)
    if (overlay.layers.starts_with(kWorkspace)) owners.push_back({overlay.layers.substr(kWorkspace.size()), "changes of " + overlay.why});
  return owners;
}

}  // namespace

void fill_usage(Report& report, const workspace::UsageMeter& meter) {
  report.volumes = meter.usage();
  report.samples = meter.samples();
}

void fill_caches(Report& report, const Plan& plan, const sandbox::Box& box, int private_directory) {
  const std::vector<LayersOwner> layers = owners_of_layers(plan);
  const auto owner_of = [&](std::string_view path) {
    for (const LayersOwner& owner : layers)
      if (is_within(path, owner.path)) return std::string_view(owner.name);
    const caches::Tool* tool = caches::owner_of(path);
    return tool != nullptr ? tool->name : std::string_view();
  };
  for (size_t i = 0; i < box.volumes().size() && i < plan.files.volumes.size(); ++i) {
    auto found = workspace::attribute(box.volumes()[i].get(), plan.files.volumes[i].path, owner_of);
    std::ranges::move(found, std::back_inserter(report.caches));
  }
  if (private_directory >= 0) report.caches = workspace::attribute(private_directory, plan.files.box, owner_of, plan.files.box);
  std::ranges::stable_sort(report.caches, std::ranges::greater{}, &CacheUsage::bytes);
}

void fill_ending(Report& report, const Ended& ended, const Plan& plan) {
  report.outcome = ended.outcome;
  report.cancelled_by = ended.cancelled_by;
  report.overrun = ended.overrun;
  report.killed_on_request = ended.killed_on_request;
  report.diagnostics = ended.diagnostics;
  report.memory_holder = ended.memory_holder;
  if (ended.grace_exceeded) report.grace_exceeded = plan.limits.deadlines.grace.value;
  if (plan.confinement.seccomp_log) fill_seccomp_log(report, *plan.confinement.seccomp, ended.seccomp_log);
  if (!ended.ending) return;
  report.time.user = static_cast<double>(ended.ending->user_microseconds) / 1e6;
  report.time.system = static_cast<double>(ended.ending->system_microseconds) / 1e6;
  report.memory_peak_bytes = static_cast<uint64_t>(ended.ending->max_rss_kib) * 1024;
  report.stray_count = ended.ending->stray_count;
  for (uint32_t i = 0; i < std::min<uint32_t>(ended.ending->stray_count, sandbox::kMaxStrays); ++i)
    report.strays.push_back({ended.ending->strays[i].pid, ended.ending->strays[i].comm});
}

void fill_limits(Report& report, const CgroupPlan& plan, const CgroupUsage& usage) {
  for (const PlannedLimit& limit : plan.limits) report.limits.push_back(usage_of(limit, usage));
  if (usage.memory_peak > 0) report.memory_peak_bytes = usage.memory_peak;
  if (usage.user_microseconds + usage.system_microseconds > 0) {
    report.time.user = static_cast<double>(usage.user_microseconds) / 1e6;
    report.time.system = static_cast<double>(usage.system_microseconds) / 1e6;
  }
  // Memory ran out in a group above, and no process of the step was killed for it.
  if (usage.oom_kills == 0) report.memory_holder.reset();
  if (usage.oom_kills == 0) return;
  // The kernel (memory.oom.group) or stepbox has killed the whole box, init included.
  if (std::holds_alternative<BoxKilled>(report.outcome)) report.outcome = Signaled{SIGKILL, false};
}

bool may_have_failed_for_memory(const Report& report) {
  return report.outcome != Outcome{Exited{0}} && !std::holds_alternative<NotStarted>(report.outcome);
}

void fill_enclosing_memory(Report& report, uint64_t kills, uint64_t limit) {
  if (kills == 0) return;
  report.limits.push_back({.name = "memory", .limit = limit, .hits = kills, .hits_from_above = true, .is_enclosing = true});
  if (std::holds_alternative<BoxKilled>(report.outcome)) report.outcome = Signaled{SIGKILL, false};
}

void fill_plan(Report& report, const Planned& planned, Attribution attribution) {
  report.argv = planned.plan.step.argv;
  report.cwd = planned.plan.step.cwd;
  report.policies = planned.plan.policies;
  if (attribution == Attribution::always) report.policy_digest = policy::digest(planned.policy);
  for (const Label& label : planned.policy.labels) report.labels.push_back({label.name, label.value});
  report.isolation = planned.plan.confinement.isolation;
  for (const Gap& gap : planned.plan.confinement.gaps) report.gaps.push_back(std::string(gap.name) + ": " + std::string(gap.text));
  report.protections = planned.plan.protections;
  report.seccomp_profile = planned.plan.confinement.seccomp->profile;
  if (planned.plan.confinement.seccomp->kills && !planned.plan.confinement.seccomp_log) report.killing_profile = planned.plan.confinement.seccomp->profile;
  report.source = planned.plan.files.source;
  report.source_path = planned.plan.files.source_path;
  report.lists_changes = planned.policy.diff.value;
  report.kernel = planned.facts.kernel;
  report.memory_total = planned.facts.memory_total;
  report.warnings = planned.plan.remarks.warnings;
}

}  // namespace stepbox::run
