// Writes the record of a run, part by part. Decides only how to write things down.
#pragma once

#include "model/report.hpp"
#include "run/run_step.hpp"
#include "run/supervise.hpp"
#include "sandbox/box.hpp"
#include "workspace/usage_meter.hpp"

namespace stepbox::run {

// The plan, and the host.
void fill_plan(Report& report, const Planned& planned, Attribution attribution);

// How the step ended, and the resources that init counted for it.
void fill_ending(Report& report, const Ended& ended, const Plan& plan);

void fill_usage(Report& report, const workspace::UsageMeter& meter);

// The control groups' counts. Call it when every process of the box is dead and the volumes still exist, so that
// these are the last figures.
void fill_limits(Report& report, const CgroupPlan& plan, const CgroupUsage& usage);

// For a box without a memory limit inside a group with one: whether to ask how many processes were killed there, and
// a function that records the answer. The limit is in bytes.
bool may_have_failed_for_memory(const Report& report);
void fill_enclosing_memory(Report& report, uint64_t kills, uint64_t limit);

// Which tools filled the volumes, or the step's own directory if given. Walks all of it.
void fill_caches(Report& report, const Plan& plan, const sandbox::Box& box, int private_directory);

}  // namespace stepbox::run
