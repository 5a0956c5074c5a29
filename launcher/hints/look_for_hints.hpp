// Looks for things that a failed step may have missed: looks up the words of its command line on the host and in the
// box.
#pragma once

#include "model/planned.hpp"
#include "model/report.hpp"
#include "sandbox/box.hpp"

namespace stepbox::hints {

// always: the report has a reader.
enum class NameSettings : uint8_t { always, if_missed };

// Fills report.interpreter, hint, differences and settings, so far as they matter for the verdict and the report's
// reader. Call it when the box is torn down and not yet released. A child looks, half a second at most: the project
// chose many of the paths, and a file on a network file system may not answer.
void look_after_step(Report& report, const Planned& planned, const sandbox::Box& box, NameSettings settings);

}  // namespace stepbox::hints
