#include "run/run_step.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <iterator>

#include "base/log.hpp"
#include "base/text.hpp"
#include "caches/registry.hpp"
#include "cgroup/cgroup.hpp"
#include "cgroup/hierarchies.hpp"
#include "cgroup/sweep.hpp"
#include "model/units.hpp"
#include "report/report.hpp"
#include "run/caller.hpp"
#include "run/gather_facts.hpp"
#include "run/make_plan.hpp"
#include "run/plan_parts.hpp"
#include "run/supervise.hpp"
#include "run/watch_output.hpp"
#include "sandbox/box.hpp"
#include "sandbox/filters.hpp"
#include "sys/files.hpp"
#include "workspace/attribution.hpp"
#include "workspace/private_directory.hpp"
#include "workspace/usage_meter.hpp"

namespace stepbox::run {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string announced_policy_directory(const HostFacts& facts) {
  if (const auto config = facts.variable("XDG_CONFIG_HOME"); config && config->starts_with('/')) return *config + "/stepbox";
  return facts.home.empty() ? std::string() : facts.home + "/.config/stepbox";
}

// A directory that comes with the code under test, as some CIs put HOME into the checkout, or that somebody else
// owns, holds no policy of the user's: it could widen what the project's own policy may only tighten.
std::string user_policy_directory(const HostFacts& facts) {
  const auto real = sys::real_path(announced_policy_directory(facts));
  struct stat status {};
  if (!real || ::stat(real->c_str(), &status) != 0) return {};
  if (is_within(*real, facts.checkout) || (status.st_uid != 0 && status.st_uid != facts.uid)) {
    log::warn("ignoring the policy directory " + quoted(*real) + ": it lies in the checkout or belongs to another user");
    return {};
  }
  return *real;
}

Result<Policy> resolve_policy(const RunRequest& request, const HostFacts& facts) {
  policy::ResolveRequest wanted;
  wanted.settings = request.settings;
  wanted.names = request.policies;
  wanted.environment = environ;
  wanted.checkout = facts.checkout;
  wanted.user_directory = user_policy_directory(facts);
  wanted.cwd = facts.cwd;
  wanted.memory_bytes = facts.memory_usable;
  return policy::resolve(wanted);
}

// Everything that the plan is made from.
Result<> prepare(Planned& planned, const RunRequest& request, const Terminal& terminal) {
  TRY_ASSIGN(planned.facts, gather_facts());
  TRY_ASSIGN(planned.policy, resolve_policy(request, planned.facts));
  look_up_paths(planned.facts, planned.policy);
  if (needs_cgroup(planned.policy)) {
    cgroup::look_up_controllers(planned.facts.cgroups);
    look_up_service_manager(planned.facts);
    if (planned.facts.has_systemd) cgroup::look_up_delegation(planned.facts.cgroups);
  }
  TRY_ASSIGN(planned.facts.seccomp, sandbox::find_filter(expand_home(planned.policy.seccomp.value, planned.facts)));
  TRY_ASSIGN(planned.facts.inherited, inherited_descriptors(planned.facts, request.pass_fds));
  planned.facts.terminal = terminal.path();
  return {};
}

// For --verbose.
void tell_plan(const Plan& plan) {
  if (!log::is_verbose()) return;
  for (const PolicyName& policy : plan.policies)
    log::debug("policy " + escaped(policy.name) + " (" + name_of(policy.layer) + ")");
  if (plan.source == SourceMode::none) log::debug("no checkout");
  else log::debug("checkout " + quoted(plan.source_path) + ", " + name_of(plan.source));
  for (const PlannedVolume& volume : plan.volumes)
    log::debug("volume " + quoted(volume.name) + " at " + volume.path + ": " + human_bytes(volume.bytes) + ", " +
               std::to_string(volume.inodes) + " inodes");
}

void tell_time(std::string_view what, double seconds) {
  if (log::is_verbose()) log::debug(std::string(what) + " in " + std::to_string(std::lround(seconds * 1e6)) + " us");
}

// Before the step runs, and whatever --summary says: this is weaker than what was asked for.
void warn_of_degraded_ids(const Plan& plan, const HostFacts& facts) {
  for (const Protection& protection : plan.protections)
    if (protection.name == "uid-isolation" && protection.state == ProtectionState::degraded)
      log::warn("user ids are not isolated: " + protection.reason + "; the step's root is " +
                (facts.root_is_mapped_elsewhere ? "the container's" : "the host's") + ", with capabilities cut");
}

// Chosen by name, and still worth a word: who reads the log did not always choose it.
void warn_of_gaps(const Plan& plan) {
  if (plan.isolation == Isolation::full) return;
  log::warn(std::string("isolation is ") + name_of(plan.isolation) + " only, which does not protect:");
  for (const std::string_view gap : gaps_of(plan.isolation)) log::warn("  " + std::string(gap));
}

// The workspace of a step without a box. What runs left that were killed goes in passing.
Result<workspace::PrivateDirectory> make_private_directory(Planned& planned) {
  if (planned.policy.isolation.value == Isolation::full) return workspace::PrivateDirectory();
  const std::string place = place_without_box(planned.facts);
  workspace::sweep_private_directories(place);
  auto made = workspace::PrivateDirectory::create(place);
  if (made) planned.facts.private_directory = made->path();
  return made;
}

// Whether a limit can be had is found out by making its group. Where the policy can do without, the plan is made
// again without it, and says so.
Result<cgroup::Cgroup> make_cgroup(Planned& planned, const RunRequest& request) {
  for (;;) {
    auto made = cgroup::Cgroup::create(planned.plan.cgroup);
    if (made) {
      for (const std::string& file : made->missing_files())
        if (planned.facts.swap_total > 0) log::warn("the step may swap beyond its memory limit: this kernel has no " + file);
      return std::move(*made);
    }
    cgroup::Refusal& refusal = made.error();
    const auto has_to_hold = [&](std::string_view limit) { return !planned.policy.limits.is_optional(limit); };
    if (const auto needed = std::ranges::find_if(refusal.limits, has_to_hold); needed != refusal.limits.end())
      return std::unexpected(std::move(refusal.error).within(cannot_enforce(*planned.plan.cgroup.find(*needed))));
    if (refusal.limits.empty()) return std::unexpected(std::move(refusal.error));
    for (const std::string_view limit : refusal.limits) planned.facts.no_limit_reasons[std::string(limit)] = refusal.error.message;
    TRY_ASSIGN(planned.plan, make_plan(planned.policy, request.argv, planned.facts));
  }
}

// Where a file system cannot be id-mapped is only known by trying. The second plan is weaker: it is
// said aloud, and the report says so too.
Result<sandbox::Box> start(Planned& planned, const RunRequest& request, const sandbox::CallerState& caller, int terminal,
                           const sandbox::BoxGroups& groups, int private_directory) {
  for (;;) {
    warn_of_degraded_ids(planned.plan, planned.facts);
    warn_of_gaps(planned.plan);
    auto box = sandbox::Box::start(planned.plan, caller, terminal, groups, private_directory);
    if (box) return std::move(*box);
    sandbox::StartFailure failure = std::move(box).error();
    if (!failure.ids_cannot_be_shifted || !planned.facts.no_shift_reason.empty())
      return std::unexpected(std::move(failure.error));
    planned.facts.no_shift_reason = failure.error.message;
    TRY_ASSIGN(planned.plan, make_plan(planned.policy, request.argv, planned.facts));
  }
}

void fill_usage(Report& report, const workspace::UsageMeter& meter) {
  report.volumes = meter.usage();
  report.samples = meter.samples();
}

bool is_any_full(const Report& report) {
  for (const VolumeUsage& volume : report.volumes)
    if (volume.bytes_full || volume.inodes_full) return true;
  return false;
}

void fill_caches(Report& report, const Plan& plan, const sandbox::Box& box, int private_directory) {
  const auto owner_of = [](std::string_view path) {
    const caches::Tool* tool = caches::owner_of(path);
    return tool != nullptr ? tool->name : std::string_view();
  };
  for (size_t i = 0; i < box.volumes().size() && i < plan.volumes.size(); ++i) {
    auto found = workspace::attribute(box.volumes()[i].get(), plan.volumes[i].path, owner_of);
    std::ranges::move(found, std::back_inserter(report.caches));
  }
  if (private_directory >= 0) report.caches = workspace::attribute(private_directory, plan.box, owner_of, plan.box);
  std::ranges::stable_sort(report.caches, std::ranges::greater{}, &CacheUsage::bytes);
}

void fill_ending(Report& report, const Ended& ended) {
  report.outcome = ended.outcome;
  report.cancelled_by = ended.cancelled_by;
  report.exit_code = ended.overrun ? kExitDeadline : exit_code_of(ended.outcome);
  report.overrun = ended.overrun;
  report.killed_on_request = ended.killed_on_request;
  report.diagnostics = ended.diagnostics;
  if (!ended.ending) return;
  report.time.user = static_cast<double>(ended.ending->user_microseconds) / 1e6;
  report.time.system = static_cast<double>(ended.ending->system_microseconds) / 1e6;
  report.memory_peak_bytes = static_cast<uint64_t>(ended.ending->max_rss_kib) * 1024;
  report.stray_count = ended.ending->stray_count;
  for (uint32_t i = 0; i < std::min<uint32_t>(ended.ending->stray_count, sandbox::kMaxStrays); ++i)
    report.strays.push_back({ended.ending->strays[i].pid, ended.ending->strays[i].comm});
}

void warn_of_lost_limits(Report& report, const cgroup::Cgroup& cgroup) {
  for (const std::string_view limit : cgroup.lost_limits()) {
    report.warnings.push_back("limits." + std::string(limit) + " was not in force to the end: the group above took its controller back");
    log::warn(report.warnings.back());
  }
}

uint64_t hits_of(std::string_view limit, const CgroupUsage& usage) {
  if (limit == "memory") return usage.oom_kills;
  return limit == "processes" ? usage.refused_forks : usage.throttled_microseconds / 1'000;
}

uint64_t peak_of(std::string_view limit, const CgroupUsage& usage) {
  if (limit == "memory") return usage.memory_peak;
  // Init is no process of the step.
  return limit == "processes" && usage.processes_peak > 0 ? usage.processes_peak - 1 : 0;
}

// Everything in the box is dead and the volumes are still there, so that these are the last figures.
void fill_limits(Report& report, const CgroupPlan& plan, const CgroupUsage& usage) {
  for (const PlannedLimit& limit : plan.limits)
    report.limits.push_back({limit.name, limit.amount, peak_of(limit.name, usage), hits_of(limit.name, usage)});
  if (usage.memory_peak > 0) report.memory_peak_bytes = usage.memory_peak;
  if (usage.user_microseconds + usage.system_microseconds > 0) {
    report.time.user = static_cast<double>(usage.user_microseconds) / 1e6;
    report.time.system = static_cast<double>(usage.system_microseconds) / 1e6;
  }
  if (usage.oom_kills == 0) return;
  // The kernel ends the whole group, init included (memory.oom.group), or stepbox does.
  if (std::holds_alternative<BoxKilled>(report.outcome)) report.outcome = Signaled{SIGKILL, false};
  report.exit_code = report.outcome == Outcome{Exited{0}} ? kExitSignalBase + SIGKILL : exit_code_of(report.outcome);
}

void fill_plan(Report& report, const Planned& planned) {
  report.argv = planned.plan.argv;
  report.cwd = planned.plan.cwd;
  report.policies = planned.plan.policies;
  report.isolation = planned.plan.isolation;
  for (const std::string_view gap : gaps_of(report.isolation)) report.gaps.push_back(gap);
  report.protections = planned.plan.protections;
  report.seccomp_profile = planned.plan.seccomp->profile;
  if (planned.plan.seccomp->kills && !planned.plan.seccomp_log) report.killing_profile = planned.plan.seccomp->profile;
  report.source = planned.plan.source;
  report.source_path = planned.plan.source_path;
  report.kernel = planned.facts.kernel;
  report.memory_total = planned.facts.memory_total;
  report.warnings = planned.plan.warnings;
}

// A group that names the call is what can be taken out of the profile (`without`).
void fill_seccomp_log(Report& report, const SeccompFilter& filter, const SeccompLog& log) {
  report.seccomp_log = log;
  for (LoggedCall& call : report.seccomp_log->calls)
    for (const SeccompGroup& group : filter.groups)
      if (std::ranges::count(split(group.calls, ' '), call.name) > 0) call.groups.emplace_back(group.name);
}

// A command that is there outside but not inside is the mask's doing, and there is an option for it.
void hint_at_hidden_command(Report& report, const Plan& plan) {
  if (report.exit_code != kExitNotFound || !std::holds_alternative<NotStarted>(report.outcome)) return;
  for (const std::string& program : plan.programs) {
    if (!program.starts_with('/') || sys::kind_of(program) != sys::PathKind::file) continue;
    const auto real = sys::real_path(program).value_or(program);
    report.hint = quoted(program) + " exists on the host but is hidden in the box: show it with --ro " +
                  escaped(real.substr(0, std::max<size_t>(real.rfind('/'), 1)));
    report.warnings.push_back(report.hint);
    return;
  }
}

}  // namespace

Result<Policy> policy_in_force(const RunRequest& request) {
  TRY_ASSIGN(const HostFacts facts, gather_facts());
  return resolve_policy(request, facts);
}

Result<Planned> plan_run(const RunRequest& request) {
  Planned planned;
  const Terminal terminal = Terminal::of_caller();
  TRY(prepare(planned, request, terminal));
  TRY_ASSIGN(const sys::Fd id_range, claim_id_range(planned.facts));
  planned.facts.private_directory = workspace::example_of_private_directory(place_without_box(planned.facts));
  TRY_ASSIGN(planned.plan, make_plan(planned.policy, request.argv, planned.facts));
  return planned;
}

Result<Report> run_step(const RunRequest& request, Attribution attribution) {
  const Clock::time_point begin = Clock::now();
  // Kept to the end of the process: to free some hundred small texts one by one would only cost time.
  static Planned& planned = *new Planned;
  const Terminal terminal = Terminal::of_caller();
  TRY(prepare(planned, request, terminal));
  // Ours until the end of the run.
  TRY_ASSIGN(const sys::Fd id_range, claim_id_range(planned.facts));
  TRY_ASSIGN(workspace::PrivateDirectory private_directory, make_private_directory(planned));
  TRY_ASSIGN(planned.plan, make_plan(planned.policy, request.argv, planned.facts));

  TRY_ASSIGN(auto output, watch_output(planned.plan.deadlines));
  sandbox::CallerState caller = take_over_signals();
  caller.has_foreground = terminal.is_ours();
  TRY_ASSIGN(cgroup::Cgroup cgroup, make_cgroup(planned, request));
  for (const std::string& warning : planned.plan.warnings) log::warn(warning);
  tell_plan(planned.plan);
  TRY_ASSIGN(sandbox::Box box, start(planned, request, caller, terminal.fd(), {cgroup.unified(), cgroup.tasks()}, private_directory.fd()));

  // Beyond this point the command may have run: all that happens is in the report, never an Error.
  const Clock::time_point running = Clock::now();
  tell_time("the box was made", seconds_between(begin, running));
  // What runs left that were killed together with their guard; the step does not wait for it.
  cgroup::sweep(planned.facts.cgroups, cgroup::Reach::own_group);
  workspace::UsageMeter meter(planned.plan, box.volumes());
  const Ended ended = supervise({.box = box,
                                 .meter = meter,
                                 .terminal = terminal,
                                 .has_foreground = caller.has_foreground,
                                 .deadlines = planned.plan.deadlines,
                                 .output = output,
                                 .cgroup = cgroup});
  const Clock::time_point over = Clock::now();
  box.tear_down();
  meter.sample(Clock::now());

  Report report;
  fill_plan(report, planned);
  fill_ending(report, ended);
  if (planned.plan.seccomp_log) fill_seccomp_log(report, *planned.plan.seccomp, ended.seccomp_log);
  if (ended.grace_exceeded) report.grace_exceeded = planned.plan.deadlines.grace.value;
  fill_usage(report, meter);
  fill_limits(report, planned.plan.cgroup, cgroup.measure());
  warn_of_lost_limits(report, cgroup);
  if (attribution == Attribution::always || is_any_full(report)) fill_caches(report, planned.plan, box, private_directory.fd());
  hint_at_hidden_command(report, planned.plan);
  box.release();
  report.leftovers = cgroup.destroy();
  if (ended.ending && ended.ending->has_survivors) report.leftovers.emplace_back("processes that fork faster than they are killed");
  if (const std::string path = private_directory.path(); private_directory.remove() != 0) report.leftovers.push_back(path);
  const Clock::time_point end = Clock::now();
  report.time.setup = seconds_between(begin, running);
  report.time.wall = seconds_between(running, over);
  report.time.teardown = seconds_between(over, end);
  tell_time("the box was taken apart", report.time.teardown);
  report.verdict = report::verdict_of(report);
  report.sentence = report::sentence_of(report);
  return report;
}

}  // namespace stepbox::run
