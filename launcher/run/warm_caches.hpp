// The warm caches of a run, after the plan: what the kernel granted, what the step did to them, and the save.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "model/report.hpp"
#include "run/run_step.hpp"
#include "sandbox/box.hpp"

namespace stepbox::run {

// The program that saves, if this plan will need it; empty if not. Error: it is missing. Before the step starts.
Result<std::string> find_saver(const Plan& plan);

// Compares the options of the box's warm overlays, as the kernel lists them, with those that the plan asked for. Sets
// PlannedWarm::degraded where one was not granted. For a box that runs; does nothing without warm overlays.
void look_at_warm_overlays(Plan& plan, const sandbox::Box& box);

// Fills report.warm: what was read, and what the step added beyond it or merely touched. When no process of the step is
// alive any more, and the box's views are still readable.
void fill_warm(Report& report, const Plan& plan, const sandbox::Box& box);

// Saves the next generations if the step succeeded, at the same time. `saver` is from find_saver(). What cannot be saved
// is a warning in the report, and does not change the verdict.
void save_warm(Report& report, const Planned& planned, const sandbox::Box& box, const std::string& saver, const std::string& run_id);

}  // namespace stepbox::run
