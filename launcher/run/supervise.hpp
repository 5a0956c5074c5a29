// The one place that waits: from the start of the step to its end.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "cgroup/cgroup.hpp"
#include "model/outcome.hpp"
#include "run/caller.hpp"
#include "sandbox/box.hpp"
#include "workspace/usage_meter.hpp"

namespace stepbox::run {

struct Ended {
  Outcome outcome = Exited{0};
  int cancelled_by = 0;  // the last of SIGTERM, SIGINT, SIGHUP, SIGQUIT that stepbox got, or 0
  std::optional<sandbox::Ending> ending;  // absent when init was killed
};

// Forwards signals and job control, samples the volumes, ends the box when one of its processes is killed for memory, and returns when the step has ended, when its
// execve was refused, or when init is gone. All signals are blocked, before and after.
// `has_foreground`: the step was started with the terminal.
Ended supervise(sandbox::Box& box, workspace::UsageMeter& meter, const Terminal& terminal, bool has_foreground,
                cgroup::Cgroup& cgroup);

}  // namespace stepbox::run
