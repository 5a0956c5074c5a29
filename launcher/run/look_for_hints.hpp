// Looks for things that a failed step may have missed: looks up the words of its command line on the host and in the
// box.
#pragma once

#include "run/run_step.hpp"
#include "sandbox/box.hpp"

namespace stepbox::run {

// Fills report.differences and report.hint if the step failed for an unknown cause; keeps an existing hint. Call it
// when the box is torn down and not yet released. Takes half a second at most, even if a file does not answer.
void fill_hint(Report& report, const Planned& planned, const sandbox::Box& box);

}  // namespace stepbox::run
