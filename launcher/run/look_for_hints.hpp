// Looks for things that a failed step may have missed: looks up the words of its command line on the host and in the
// box.
#pragma once

#include "run/run_step.hpp"
#include "sandbox/box.hpp"

namespace stepbox::run {

// Fills report.interpreter, hint, differences and settings, so far as they matter for the verdict and the report's
// reader. Call it when the box is torn down and not yet released. A child looks, half a second at most: the project
// chose many of the paths, and a file on a network file system may not answer.
void look_after_step(Report& report, const Planned& planned, const sandbox::Box& box, Attribution attribution);

}  // namespace stepbox::run
