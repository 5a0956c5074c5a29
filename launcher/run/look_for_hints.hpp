// Looks for what a failed step may have missed in the box: what its command line names, on the host and in the box.
#pragma once

#include "run/run_step.hpp"
#include "sandbox/box.hpp"

namespace stepbox::run {

// report.differences and report.hint, where the step failed and its cause is open; keeps a hint that is there. When the box
// is torn down and not yet released. Takes half a second at most, whatever the files do.
void fill_hint(Report& report, const Planned& planned, const sandbox::Box& box);

}  // namespace stepbox::run
