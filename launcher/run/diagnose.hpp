// What is written down before a step is ended that did not end by itself.
#pragma once

#include "model/deadlines.hpp"
#include "sandbox/box.hpp"
#include "workspace/usage_meter.hpp"

namespace stepbox::run {

// Looks at the box, and says on stderr what it found. Both are bounded in time, together to a second and a half,
// whatever the step does, and whether or not somebody reads what is said.
Snapshot diagnose(const sandbox::Box& box, workspace::UsageMeter& meter, const Overrun& overrun,
                  const Deadlines& deadlines, double at);

}  // namespace stepbox::run
