// Records the state of a step before stepbox ends it.
#pragma once

#include "model/deadlines.hpp"
#include "sandbox/box.hpp"
#include "workspace/usage_meter.hpp"

namespace stepbox::run {

// Looks at the box, and prints its findings on stderr. Both together take at most a second and a half, whatever the
// step does, and even if nobody reads stderr.
Snapshot diagnose(const sandbox::Box& box, workspace::UsageMeter& meter, const Overrun& overrun,
                  const Deadlines& deadlines, double at);

}  // namespace stepbox::run
