#include "run/run_step.hpp"

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
#include "host/look_up_settings.hpp"
#include "host/look_up_warm.hpp"
#include "model/units.hpp"
#include "outputs/destination.hpp"
#include "plan/make_plan.hpp"
#include "plan/parts.hpp"
#include "report/report.hpp"
#include "run/caller.hpp"
#include "run/carry_outputs.hpp"
#include "run/fill_changes.hpp"
#include "run/fill_report.hpp"
#include "hints/look_for_hints.hpp"
#include "run/negotiate.hpp"
#include "run/planning_deadline.hpp"
#include "run/resolve_policy.hpp"
#include "run/supervise.hpp"
#include "run/warm_caches.hpp"
#include "run/watch_output.hpp"
#include "sandbox/box.hpp"
#include "sandbox/failure_text.hpp"
#include "seccomp/filters.hpp"
#include "sys/files.hpp"
#include "workspace/private_directory.hpp"
#include "workspace/usage_meter.hpp"

namespace stepbox::run {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// Collects everything that the plan is made from.
Result<> prepare(Planned& planned, const RunRequest& request, const Terminal& terminal, PlanningDeadline& deadline) {
  TRY(deadline.start());
  TRY_ASSIGN(planned.facts, host::gather_facts());
  TRY_ASSIGN(planned.policy, resolve_policy(request, planned.facts));
  TRY(deadline.follow(planned.policy));
  TRY(host::look_up_paths(planned.facts, planned.policy));
  TRY(host::look_up_settings(planned.facts, planned.policy));
  host::find_programs(planned.facts, planned.policy, request.argv);
  if (plan::needs_cgroup(planned.policy)) TRY(host::look_up_groups(planned.facts));
  TRY_ASSIGN(planned.facts.seccomp, seccomp::find_filter(plan::expand_home(planned.policy.seccomp.value, planned.facts),
                                                           planned.policy.allow_xattr.value ? seccomp::Attributes::allowed : seccomp::Attributes::as_profile));
  TRY_ASSIGN(planned.facts.inherited, inherited_descriptors(planned.facts, request.pass_fds));
  planned.facts.terminal = terminal.path();
  if (planned.policy.isolation.value != Isolation::full)
    planned.private_place = workspace::place_for_private_directories(planned.facts.variable("TMPDIR").value_or(std::string()));
  return {};
}

void tell_time(std::string_view what, double seconds) {
  if (log::is_verbose()) log::debug(std::string(what) + " in " + std::to_string(std::lround(seconds * 1e6)) + " us");
}

// Makes the workspace of a step without a box, and removes those of killed runs in passing.
Result<workspace::PrivateDirectory> make_private_directory(Planned& planned) {
  if (planned.policy.isolation.value == Isolation::full) return workspace::PrivateDirectory();
  workspace::sweep_private_directories(planned.private_place);
  auto made = workspace::PrivateDirectory::create(planned.private_place);
  if (made) planned.facts.private_directory = made->path();
  return made;
}

// A stage that a box can do without, and the protection that is weaker for it.
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
    log::warn(plan.remarks.warnings.back());
  }
}

// Watches only if the box has no limit of its own and a group around stepbox has one. Other runs do not pay for the
// look.
std::optional<cgroup::EnclosingMemory> watch_enclosing_memory(const Planned& planned) {
  const bool is_limited = planned.facts.memory_usable < planned.facts.memory_total;
  if (!is_limited || planned.plan.limits.cgroup.find("memory") != nullptr) return std::nullopt;
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

// Standard error did not take these lines, so only the report can mention them.
void tell_lost_lines(Report& report) {
  if (const unsigned lost = log::lost_lines(); lost > 0)
    report.warnings.push_back("stepbox could not write " + std::to_string(lost) + (lost == 1 ? " line" : " lines") +
                              " to standard error: nobody read them in time");
}

void warn_of_lost_silence(Report& report, const std::optional<sys::WriteWatch>& output) {
  if (output && output->problem())
    warn(report, "the limit on silence (--silence) was not in force to the end: " + output->problem()->message);
}

std::optional<std::chrono::milliseconds> time_to_make_box(const Deadlines& deadlines) {
  if (!deadlines.timeout.value) return std::nullopt;
  return std::max(*deadlines.timeout.value, kLeastSetupTime);
}

Report cancelled_before(const Planned& planned, Attribution attribution, int signal, Clock::time_point begin) {
  Report report;
  fill_plan(report, planned, attribution);
  report.outcome = CancelledBefore{signal};
  report.cancelled_by = signal;
  report.time.setup = seconds_between(begin, Clock::now());
  report::conclude(report);
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
  PlanningDeadline deadline(request, Clock::now());
  TRY(prepare(planned, request, terminal, deadline));
  TRY_ASSIGN(const std::vector<sys::Fd> leases, host::look_up_warm(planned.facts, planned.policy));
  host::expect_id_range(planned.facts);
  TRY(host::look_up_private_paths(planned.facts, planned.policy));
  planned.facts.private_directory = workspace::example_of_private_directory(planned.private_place);
  TRY_ASSIGN(planned.plan, plan_for(planned, request));
  planned.settings = host::settings_of_home(planned.plan, planned.policy, planned.facts);
  return planned;
}

Result<Report> run_step(const RunRequest& request, Attribution attribution) {
  const Clock::time_point begin = Clock::now();
  // Never freed: freeing some hundred small strings one by one would only cost time.
  static Planned& planned = *new Planned;
  const Terminal terminal = Terminal::of_caller();
  PlanningDeadline deadline(request, begin);
  TRY(prepare(planned, request, terminal, deadline));
  // Until the box is gone.
  TRY_ASSIGN(const std::vector<sys::Fd> leases, host::look_up_warm(planned.facts, planned.policy));
  // Reserved for this run until it ends.
  TRY_ASSIGN(const sys::Fd id_range, host::claim_id_range(planned.facts));
  TRY(host::look_up_private_paths(planned.facts, planned.policy));
  deadline.stop();
  // From here on there may be something to clean up.
  sandbox::CallerState caller = take_over_signals();
  caller.has_foreground = terminal.is_ours();
  TRY_ASSIGN(SignalQueue signals, SignalQueue::open(caller));
  TRY_ASSIGN(workspace::PrivateDirectory private_directory, make_private_directory(planned));
  TRY_ASSIGN(planned.plan, plan_for(planned, request));

  TRY_ASSIGN(const std::string saver, find_saver(planned.plan));
  TRY_ASSIGN(auto output, watch_output(planned.plan.limits.deadlines));
  TRY_ASSIGN(const outputs::Destination destination, outputs::Destination::prepare(planned.plan.outputs));
  const sandbox::Patience patience{signals.fd(), [&] { return signals.is_asked_to_end(); }, time_to_make_box(planned.plan.limits.deadlines), begin};
  auto started = negotiate(planned, request, {caller, terminal.fd(), private_directory.fd(), patience});
  if (!started && signals.asked_by() != 0) return cancelled_before(planned, attribution, signals.asked_by(), begin);
  if (!started) return std::unexpected(std::move(started).error());
  cgroup::Cgroup& cgroup = started->cgroup;
  sandbox::Box& box = started->box;

  // Beyond this point the command may have run: everything that happens goes into the report, and nothing is an Error.
  tell_weaknesses(planned.plan, box);
  const Clock::time_point running = box.started();
  tell_time("the box was made", seconds_between(begin, running));
  // The step does not wait for these. The sweep removes groups left by runs that were killed together with their
  // guard.
  look_at_warm_overlays(planned.plan, box);
  const auto enclosing_memory = watch_enclosing_memory(planned);
  cgroup::sweep(planned.facts.cgroups, cgroup::Reach::own_group);
  workspace::UsageMeter meter(planned.plan, box.volumes());
  const Ended ended = supervise({.box = box,
                                 .meter = meter,
                                 .terminal = terminal,
                                 .has_foreground = caller.has_foreground,
                                 .deadlines = planned.plan.limits.deadlines,
                                 .output = output,
                                 .cgroup = cgroup,
                                 .signals = signals.fd(),
                                 .unset_variables = planned.plan.step.unset});
  const Clock::time_point over = Clock::now();
  box.tear_down();
  meter.sample(Clock::now());

  Report report;
  fill_plan(report, planned, attribution);
  fill_ending(report, ended, planned.plan);
  fill_usage(report, meter);
  fill_limits(report, planned.plan.limits.cgroup, cgroup.measure());
  if (enclosing_memory && may_have_failed_for_memory(report))
    fill_enclosing_memory(report, enclosing_memory->kills(), planned.facts.memory_usable);
  warn_of_lost_limits(report, cgroup);
  warn_of_lost_silence(report, output);
  if (attribution == Attribution::always || report::has_full_volume(report)) fill_caches(report, planned.plan, box, private_directory.fd());
  carry_outputs(report, planned.plan, destination, {box, private_directory.fd(), signals});
  fill_changes(report, planned, box);
  fill_warm(report, planned.plan, box);
  // All facts are in.
  report::conclude(report);
  save_warm(report, planned, box, saver, request.run_id);
  const auto settings = attribution == Attribution::always ? hints::NameSettings::always : hints::NameSettings::if_missed;
  hints::look_after_step(report, planned, box, settings);
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
  report.sentence = report::sentence_of(report);
  return report;
}

}  // namespace stepbox::run
