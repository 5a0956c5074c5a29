// From what happened to the record of it, part by part. Nothing is decided here but how it is written down.
#pragma once

#include "model/report.hpp"
#include "run/run_step.hpp"
#include "run/supervise.hpp"
#include "sandbox/box.hpp"
#include "workspace/usage_meter.hpp"

namespace stepbox::run {

// What was planned, and where.
void fill_plan(Report& report, const Planned& planned);

// How the step ended, and what it used by its own account.
void fill_ending(Report& report, const Ended& ended, const Plan& plan);

void fill_usage(Report& report, const workspace::UsageMeter& meter);

// What the control groups have counted. When everything in the box is dead
// and the volumes are still there, so that these are the last figures.
void fill_limits(Report& report, const CgroupPlan& plan, const CgroupUsage& usage);

// A box without a memory limit, in a group that has one: whether it is worth asking how many processes were killed
// there, and to write it down. The limit is in bytes.
bool may_have_failed_for_memory(const Report& report);
void fill_enclosing_memory(Report& report, uint64_t kills, uint64_t limit);

// Who filled the volumes, or the step's own directory where it is given. Walks all of it.
void fill_caches(Report& report, const Plan& plan, const sandbox::Box& box, int private_directory);

// A command that is there outside but not inside is the mask's doing, and there is an option for it.
void hint_at_hidden_command(Report& report, const Plan& plan);

}  // namespace stepbox::run
