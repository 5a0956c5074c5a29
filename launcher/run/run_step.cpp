#include "run/run_step.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cgroup/cgroup.hpp"
#include "cgroup/enclosing_memory.hpp"
#include "cgroup/hierarchies.hpp"
#include "cgroup/sweep.hpp"
#include "host/find_programs.hpp"
#include "host/gather_facts.hpp"
#include "host/id_range.hpp"
#include "model/units.hpp"
#include "plan/make_plan.hpp"
#include "plan/parts.hpp"
#include "report/report.hpp"
#include "run/caller.hpp"
#include "run/command_hints.hpp"
#include "run/fill_report.hpp"
#include "run/supervise.hpp"
#include "run/watch_output.hpp"
#include "sandbox/box.hpp"
#include "sandbox/failure_text.hpp"
#include "sandbox/filters.hpp"
#include "sys/files.hpp"
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

// Whether the innermost directory on the way that can be looked at belongs to another user.
bool is_closed_by_another_user(std::string path, uint32_t uid) {
  for (; path.size() > 1; path.erase(path.rfind('/'))) {
    const auto status = sys::status_of(path);
    if (status && *status) return (*status)->st_uid != uid;
    if (!status && status.error().number != EACCES) return false;
  }
  return false;
}

// A directory that comes with the code under test, as some CIs put HOME into the checkout, or that somebody else
// owns, holds no policy of the user's: it could widen what the project's own policy may only tighten.
Result<std::string> user_policy_directory(const HostFacts& facts) {
  const std::string announced = announced_policy_directory(facts);
  auto real = sys::real_path(announced);
  if (!real && real.error().number == EACCES && is_closed_by_another_user(announced, facts.uid)) {
    log::debug("no policy of the user's: " + real.error().message);
    return std::string();
  }
  if (!real) return std::unexpected(std::move(real).error().with_hint("see what is wrong there (ls -ld), or point XDG_CONFIG_HOME elsewhere"));
  if (!*real) return std::string();
  TRY_ASSIGN(const auto status, sys::status_of(**real));
  if (!status) return std::string();
  if (is_within(**real, facts.checkout) || (status->st_uid != 0 && status->st_uid != facts.uid)) {
    log::warn("ignoring the policy directory " + quoted(**real) + ": it lies in the checkout or belongs to another user");
    return std::string();
  }
  return **real;
}

Result<Policy> resolve_policy(const RunRequest& request, const HostFacts& facts) {
  policy::ResolveRequest wanted;
  wanted.settings = request.settings;
  wanted.names = request.policies;
  wanted.environment = environ;
  wanted.checkout = facts.checkout;
  TRY_ASSIGN(wanted.user_directory, user_policy_directory(facts));
  wanted.cwd = facts.cwd;
  wanted.memory_bytes = facts.memory_usable;
  return policy::resolve(wanted);
}

// Everything that the plan is made from.
Result<> prepare(Planned& planned, const RunRequest& request, const Terminal& terminal) {
  TRY_ASSIGN(planned.facts, host::gather_facts());
  TRY_ASSIGN(planned.policy, resolve_policy(request, planned.facts));
  TRY(host::look_up_paths(planned.facts, planned.policy));
  host::find_programs(planned.facts, planned.policy, request.argv);
  if (plan::needs_cgroup(planned.policy)) TRY(host::look_up_groups(planned.facts));
  TRY_ASSIGN(planned.facts.seccomp, sandbox::find_filter(plan::expand_home(planned.policy.seccomp.value, planned.facts),
                                                           planned.policy.allow_xattr.value ? sandbox::Attributes::allowed : sandbox::Attributes::as_profile));
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

// The same. What the caller opened is told by the ledger alone.
void warn_of_open_sockets(const Plan& plan) {
  for (const Protection& protection : plan.protections)
    if (protection.name == "path-sockets" && protection.requested && protection.state == ProtectionState::degraded)
      log::warn("the network is not wholly out of reach: " + protection.reason);
}

// Chosen by name, and still worth a word: who reads the log did not always choose it.
void warn_of_gaps(const Plan& plan) {
  if (plan.gaps.empty()) return;
  std::vector<std::string> names;
  for (const Gap& gap : plan.gaps) names.emplace_back(gap.name);
  log::warn(std::string("isolation is ") + name_of(plan.isolation) + " only: not protected are " + join(names, ", ") +
            " (`stepbox explain::explain` says more)");
}

// The workspace of a step without a box. What runs left that were killed goes in passing.
Result<workspace::PrivateDirectory> make_private_directory(Planned& planned) {
  if (planned.policy.isolation.value == Isolation::full) return workspace::PrivateDirectory();
  const std::string place = plan::place_without_box(planned.facts);
  workspace::sweep_private_directories(place);
  auto made = workspace::PrivateDirectory::create(place);
  if (made) planned.facts.private_directory = made->path();
  return made;
}

// Known once they are made.
void tell_what_groups_lack(Planned& planned, const cgroup::Cgroup& cgroup) {
  std::vector<std::string>& warnings = planned.plan.warnings;
  for (const std::string& file : cgroup.missing_files())
    if (planned.facts.swap_total > 0) warnings.push_back("the step may swap beyond its memory limit: this kernel has no " + file);
  for (const std::string& reason : cgroup.unbounded()) plan::weaken(planned.plan, "kernel-memory", "TCP buffers are not bounded: " + reason);
  if (cgroup.is_silent_on_memory())
    warnings.emplace_back("a process killed for memory does not end the others of the step, which fails all the same when they "
                          "have ended: this kernel does not tell of it");
}

// Whether a limit can be had is found out by making its group. Where the policy can do without, the plan is made
// again without it, and says so.
Result<cgroup::Cgroup> make_cgroup(Planned& planned, const RunRequest& request) {
  for (;;) {
    auto made = cgroup::Cgroup::create(planned.plan.cgroup);
    if (made) {
      tell_what_groups_lack(planned, *made);
      TRY(plan::check_required(planned.plan, planned.policy));
      return std::move(*made);
    }
    cgroup::Refusal& refusal = made.error();
    const auto has_to_hold = [&](std::string_view limit) { return !planned.policy.limits.is_optional(limit); };
    if (const auto needed = std::ranges::find_if(refusal.limits, has_to_hold); needed != refusal.limits.end())
      return std::unexpected(std::move(refusal.error).within(plan::cannot_enforce(*planned.plan.cgroup.find(*needed))));
    if (refusal.limits.empty()) return std::unexpected(std::move(refusal.error));
    for (const std::string_view limit : refusal.limits) planned.facts.no_limit_reasons[std::string(limit)] = refusal.error.message;
    TRY_ASSIGN(planned.plan, plan::make_plan(planned.policy, request.argv, planned.facts));
  }
}

struct Started {
  cgroup::Cgroup cgroup;
  sandbox::Box box;
};

// Where a file system cannot be id-mapped is only known by trying. The second plan is weaker: stepbox warns of it, and
// the report has it too. Its control groups are others, since the step owns the host's files then.
Result<Started> start(Planned& planned, const RunRequest& request, const sandbox::CallerState& caller, int terminal,
                      int private_directory, const sandbox::Patience& patience) {
  for (;;) {
    TRY_ASSIGN(cgroup::Cgroup cgroup, make_cgroup(planned, request));
    for (const std::string& warning : planned.plan.warnings) log::warn(warning);
    tell_plan(planned.plan);
    warn_of_degraded_ids(planned.plan, planned.facts);
    warn_of_open_sockets(planned.plan);
    warn_of_gaps(planned.plan);
    auto box = sandbox::Box::start(planned.plan, caller, terminal, {cgroup.unified(), cgroup.tasks()}, private_directory, patience);
    if (box) return Started{std::move(cgroup), std::move(*box)};
    sandbox::StartFailure failure = std::move(box).error();
    if (failure.ids_cannot_be_shifted && planned.facts.no_shift_reason.empty()) {
      planned.facts.no_shift_reason = failure.error.message;
      TRY(host::look_up_private_paths(planned.facts, planned.policy));
    } else if (failure.overlay_refused && planned.facts.no_overlay_reason.empty()) {
      planned.facts.no_overlay_reason = failure.error.message;
    } else {
      return std::unexpected(std::move(failure.error));
    }
    TRY_ASSIGN(planned.plan, plan::make_plan(planned.policy, request.argv, planned.facts));
  }
}

// Each stage of a box that it can do without, and the protection that is the less for it.
struct Dispensable {
  sandbox::Stage stage;
  std::string_view protection;
};
constexpr Dispensable kDispensable[] = {{sandbox::Stage::shared_memory, "quota"}};

void tell_weaknesses(Plan& plan, const sandbox::Box& box) {
  for (const sandbox::Message& weakness : box.weaknesses()) {
    const auto* row = std::ranges::find(kDispensable, weakness.stage, &Dispensable::stage);
    if (row == std::end(kDispensable)) continue;
    plan::weaken(plan, row->protection, sandbox::failure_text(plan, weakness.stage, weakness.index, weakness.error).message);
    log::warn(plan.warnings.back());
  }
}

// Only where the box has no limit of its own and a group around stepbox has one: nobody else pays for the look.
std::optional<cgroup::EnclosingMemory> watch_enclosing_memory(const Planned& planned) {
  const bool is_limited = planned.facts.memory_usable < planned.facts.memory_total;
  if (!is_limited || planned.plan.cgroup.find("memory") != nullptr) return std::nullopt;
  return cgroup::EnclosingMemory(planned.facts.cgroups);
}

void warn(Report& report, std::string warning) {
  log::warn(warning);
  report.warnings.push_back(std::move(warning));
}

void warn_of_lost_limits(Report& report, const cgroup::Cgroup& cgroup) {
  for (const std::string_view limit : cgroup.lost_limits())
    warn(report, "limits." + std::string(limit) + " was not in force to the end: the group above took its controller back");
}

// Standard error is what did not take them: the report alone can say so.
void tell_lost_lines(Report& report) {
  if (const unsigned lost = log::lost_lines(); lost > 0)
    report.warnings.push_back(std::to_string(lost) + (lost == 1 ? " line" : " lines") +
                              " of stepbox's on standard error could not be written: nobody read them in time");
}

void warn_of_lost_silence(Report& report, const std::optional<sys::WriteWatch>& output) {
  if (output && output->problem())
    warn(report, "the limit on silence (--silence) was not in force to the end: " + output->problem()->message);
}

// A step that has little time can have a box all the same: a machine that is busy makes one in a part of this.
std::optional<std::chrono::milliseconds> time_to_make_box(const Deadlines& deadlines) {
  constexpr std::chrono::milliseconds kAtLeast{2000};
  if (!deadlines.timeout.value) return std::nullopt;
  return std::max(*deadlines.timeout.value, kAtLeast);
}

Report cancelled_before(const Planned& planned, int signal, Clock::time_point begin) {
  Report report;
  fill_plan(report, planned);
  report.outcome = CancelledBefore{signal};
  report.cancelled_by = signal;
  report.exit_code = exit_code_of(report.outcome);
  report.time.setup = seconds_between(begin, Clock::now());
  report.verdict = report::verdict_of(report);
  report.sentence = report::sentence_of(report);
  return report;
}

}  // namespace

Result<Policy> policy_in_force(const RunRequest& request) {
  TRY_ASSIGN(const HostFacts facts, host::gather_facts());
  return resolve_policy(request, facts);
}

Result<Planned> plan_run(const RunRequest& request) {
  Planned planned;
  const Terminal terminal = Terminal::of_caller();
  TRY(prepare(planned, request, terminal));
  host::expect_id_range(planned.facts);
  TRY(host::look_up_private_paths(planned.facts, planned.policy));
  planned.facts.private_directory = workspace::example_of_private_directory(plan::place_without_box(planned.facts));
  TRY_ASSIGN(planned.plan, plan::make_plan(planned.policy, request.argv, planned.facts));
  return planned;
}

Result<Report> run_step(const RunRequest& request, Attribution attribution) {
  const Clock::time_point begin = Clock::now();
  // Kept to the end of the process: to free some hundred small texts one by one would only cost time.
  static Planned& planned = *new Planned;
  const Terminal terminal = Terminal::of_caller();
  TRY(prepare(planned, request, terminal));
  // Ours until the end of the run.
  TRY_ASSIGN(const sys::Fd id_range, host::claim_id_range(planned.facts));
  TRY(host::look_up_private_paths(planned.facts, planned.policy));
  // From here on something may have to be removed.
  sandbox::CallerState caller = take_over_signals();
  caller.has_foreground = terminal.is_ours();
  TRY_ASSIGN(SignalQueue signals, SignalQueue::open(caller));
  TRY_ASSIGN(workspace::PrivateDirectory private_directory, make_private_directory(planned));
  TRY_ASSIGN(planned.plan, plan::make_plan(planned.policy, request.argv, planned.facts));

  TRY_ASSIGN(auto output, watch_output(planned.plan.deadlines));
  const sandbox::Patience patience{signals.fd(), [&] { return signals.is_asked_to_end(); }, time_to_make_box(planned.plan.deadlines), begin};
  auto started = start(planned, request, caller, terminal.fd(), private_directory.fd(), patience);
  if (!started && signals.asked_by() != 0) return cancelled_before(planned, signals.asked_by(), begin);
  if (!started) return std::unexpected(std::move(started).error());
  cgroup::Cgroup& cgroup = started->cgroup;
  sandbox::Box& box = started->box;

  // Beyond this point the command may have run: all that happens is in the report, never an Error.
  tell_weaknesses(planned.plan, box);
  const Clock::time_point running = box.started();
  tell_time("the box was made", seconds_between(begin, running));
  // The step does not wait for these two. What runs left that were killed together with their guard goes now.
  const auto enclosing_memory = watch_enclosing_memory(planned);
  cgroup::sweep(planned.facts.cgroups, cgroup::Reach::own_group);
  workspace::UsageMeter meter(planned.plan, box.volumes());
  const Ended ended = supervise({.box = box,
                                 .meter = meter,
                                 .terminal = terminal,
                                 .has_foreground = caller.has_foreground,
                                 .deadlines = planned.plan.deadlines,
                                 .output = output,
                                 .cgroup = cgroup,
                                 .signals = signals.fd(),
                                 .unset_variables = planned.plan.unset});
  const Clock::time_point over = Clock::now();
  box.tear_down();
  meter.sample(Clock::now());

  Report report;
  fill_plan(report, planned);
  fill_ending(report, ended, planned.plan);
  fill_usage(report, meter);
  fill_limits(report, planned.plan.cgroup, cgroup.measure());
  if (enclosing_memory && may_have_failed_for_memory(report))
    fill_enclosing_memory(report, enclosing_memory->kills(), planned.facts.memory_usable);
  warn_of_lost_limits(report, cgroup);
  warn_of_lost_silence(report, output);
  if (attribution == Attribution::always || is_any_full(report)) fill_caches(report, planned.plan, box, private_directory.fd());
  tell_missing_interpreter(report, planned.plan);
  if (report.interpreter.empty()) hint_at_hidden_command(report, planned.plan);
  hint_at_quoting(report);
  box.release();
  report.leftovers = cgroup.destroy();
  if (box.has_survivors() || (ended.ending && ended.ending->has_survivors)) report.leftovers.emplace_back("processes that fork faster than they are killed");
  if (const std::string path = private_directory.path(); private_directory.remove() != 0) report.leftovers.push_back(path);
  tell_lost_lines(report);
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
