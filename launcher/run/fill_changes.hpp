// Records what the step changed in trees that it saw through an overlay.
#pragma once

#include "model/report.hpp"
#include "run/run_step.hpp"
#include "sandbox/box.hpp"

namespace stepbox::run {

// Reads all that the overlays hold of the step's changes. Call it after tear_down() and before release(). Without
// overlays it does nothing.
void fill_changes(Report& report, const Planned& planned, const sandbox::Box& box);

}  // namespace stepbox::run
