#include "run/negotiate.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"
#include "host/gather_facts.hpp"
#include "model/units.hpp"
#include "plan/make_plan.hpp"
#include "plan/parts.hpp"
#include "plan/shell_prompt.hpp"

namespace stepbox::run {
namespace {

// For --verbose.
void tell_plan(const Plan& plan) {
  if (!log::is_verbose()) return;
  for (const PolicyName& policy : plan.policies)
    log::debug("policy " + escaped(policy.name) + " (" + name_of(policy.layer) + ")");
  if (plan.files.source == SourceMode::none) log::debug("no checkout");
  else log::debug("checkout " + quoted(plan.files.source_path) + ", " + name_of(plan.files.source));
  for (const PlannedVolume& volume : plan.files.volumes)
    log::debug("volume " + quoted(volume.name) + " at " + volume.path + ": " + human_bytes(volume.bytes) + ", " +
               std::to_string(volume.inodes) + " inodes");
}

// Printed before the step runs, whatever --summary says: the box is weaker than requested.
void warn_of_degraded_ids(const Plan& plan, const HostFacts& facts) {
  for (const Protection& protection : plan.protections)
    if (protection.name == "uid-isolation" && protection.state == ProtectionState::degraded)
      log::warn("user ids are not isolated: " + protection.reason + "; the step's root is " +
                (facts.root_is_mapped_elsewhere ? "the container's" : "the host's") + ", with capabilities cut");
}

// Likewise. Sockets that the caller opened appear only in the list of protections.
void warn_of_open_sockets(const Plan& plan) {
  for (const Protection& protection : plan.protections)
    if (protection.name == "path-sockets" && protection.requested && protection.state == ProtectionState::degraded)
      log::warn("the network is not wholly out of reach: " + protection.reason);
}

// The mode was chosen by name, but the reader of the log may not be the one who chose it.
void warn_of_gaps(const Plan& plan) {
  if (plan.confinement.gaps.empty()) return;
  std::vector<std::string> names;
  for (const Gap& gap : plan.confinement.gaps) names.emplace_back(gap.name);
  log::warn(std::string("isolation is ") + name_of(plan.confinement.isolation) + " only; not protected: " + join(names, ", ") +
            " (`stepbox explain` says more)");
}

// Shortcomings of control groups that show only once the groups exist.
void tell_what_groups_lack(Planned& planned, const cgroup::Cgroup& cgroup) {
  std::vector<std::string>& warnings = planned.plan.remarks.warnings;
  for (const std::string& file : cgroup.missing_files())
    if (planned.facts.swap_total > 0) warnings.push_back("the step may swap beyond its memory limit: this kernel has no " + file);
  for (const std::string& reason : cgroup.unbounded()) plan::weaken(planned.plan, "kernel-memory", "TCP buffers are not bounded: " + reason);
  if (cgroup.is_silent_on_memory())
    warnings.emplace_back("this kernel does not announce kills for memory: one does not end the other processes of the step, but the "
                          "step fails all the same once they have ended");
}

void announce(const Planned& planned) {
  for (const std::string& warning : planned.plan.remarks.warnings) log::warn(warning);
  tell_plan(planned.plan);
  warn_of_degraded_ids(planned.plan, planned.facts);
  warn_of_open_sockets(planned.plan);
  warn_of_gaps(planned.plan);
}

using Refused = std::variant<cgroup::Refusal, sandbox::StartFailure>;

std::expected<Started, Refused> try_to_start(Planned& planned, const StartMeans& means) {
  auto cgroup = cgroup::Cgroup::create(planned.plan.limits.cgroup);
  if (!cgroup) return std::unexpected(std::move(cgroup).error());
  tell_what_groups_lack(planned, *cgroup);
  if (auto required = plan::check_required(planned.plan, planned.policy); !required)
    return std::unexpected(sandbox::StartFailure{std::move(required).error()});
  announce(planned);
  auto box = sandbox::Box::start(planned.plan, means.caller, means.terminal, {cgroup->unified(), cgroup->tasks()},
                                 means.private_directory, means.patience);
  if (!box) return std::unexpected(std::move(box).error());
  return Started{std::move(*cgroup), std::move(*box)};
}

// Records a refused limit, if the policy can do without it.
Result<> record(Planned& planned, cgroup::Refusal refusal) {
  const auto has_to_hold = [&](std::string_view limit) { return !planned.policy.limits.is_optional(limit); };
  if (const auto needed = std::ranges::find_if(refusal.limits, has_to_hold); needed != refusal.limits.end())
    return std::unexpected(std::move(refusal.error).within(plan::cannot_enforce(*planned.plan.limits.cgroup.find(*needed))));
  if (refusal.limits.empty()) return std::unexpected(std::move(refusal.error));
  for (const std::string_view limit : refusal.limits) planned.facts.no_limit_reasons[std::string(limit)] = refusal.error.message;
  return {};
}

// Records a refused id mapping or overlay. Without shifted ids the step owns the host's files, so the next plan needs
// the list of files that others may not read.
Result<> record(Planned& planned, sandbox::StartFailure failure) {
  HostFacts& facts = planned.facts;
  if (failure.ids_cannot_be_shifted && facts.no_shift_reason.empty()) {
    facts.no_shift_reason = failure.error.message;
    return host::look_up_private_paths(facts, planned.policy);
  }
  if (failure.overlay_refused && facts.no_overlay_reason.empty()) {
    facts.no_overlay_reason = failure.error.message;
    return {};
  }
  return std::unexpected(std::move(failure.error));
}

}  // namespace

Result<Plan> plan_for(const Planned& planned, const RunRequest& request) {
  auto plan = plan::make_plan(planned.policy, request.argv, planned.facts);
  if (plan && request.is_shell) plan::mark_prompt(*plan);
  return plan;
}

Result<Started> negotiate(Planned& planned, const RunRequest& request, const StartMeans& means) {
  for (;;) {
    auto started = try_to_start(planned, means);
    if (started) return std::move(*started);
    TRY(std::visit([&](auto&& refusal) { return record(planned, std::move(refusal)); }, std::move(started).error()));
    TRY_ASSIGN(planned.plan, plan_for(planned, request));
  }
}

}  // namespace stepbox::run
