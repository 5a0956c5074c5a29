// The one place that waits: from the start of the step to its end.
#pragma once

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "model/deadlines.hpp"
#include "model/outcome.hpp"
#include "run/caller.hpp"
#include "sandbox/box.hpp"
#include "sys/write_watch.hpp"
#include "workspace/usage_meter.hpp"

namespace stepbox::run {

struct Ended {
  Outcome outcome = Exited{0};
  int cancelled_by = 0;  // the last of SIGTERM, SIGINT, SIGHUP, SIGQUIT that stepbox got, or 0
  std::optional<sandbox::Ending> ending;  // absent when init was killed
  std::optional<Overrun> overrun;         // the deadline that ended the step
  bool grace_exceeded = false;            // it had to be killed
  bool killed_on_request = false;         // because stepbox was asked to stop twice while it waited
  std::vector<Snapshot> diagnostics;
};

// Forwards signals and job control, samples the volumes, and returns when the step has ended, when its
// execve was refused, or when init is gone. All signals are blocked, before and after.
// At a deadline it writes down what the step is doing, ends it, and when the grace is over the whole box.
// `has_foreground`: the step was started with the terminal. `output`: where silence is limited; borrowed.
Ended supervise(sandbox::Box& box, workspace::UsageMeter& meter, const Terminal& terminal, bool has_foreground,
                const Deadlines& deadlines, std::optional<sys::WriteWatch>& output);

}  // namespace stepbox::run
