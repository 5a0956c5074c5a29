// The one place that waits: from the start of the step to its end.
#pragma once

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "cgroup/cgroup.hpp"
#include "model/deadlines.hpp"
#include "model/memory_holder.hpp"
#include "model/outcome.hpp"
#include "model/seccomp.hpp"
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
  bool grace_exceeded = false;            // the step had to be killed
  bool killed_on_request = false;         // stepbox was asked twice to stop during the grace
  std::vector<Snapshot> diagnostics;
  std::optional<MemoryHolder> memory_holder;  // set when memory ran out in the box's group or above
  SeccompLog seccomp_log;                 // calls that the filter in log mode would have refused
};

// Everything that supervise() watches while the step runs. Borrowed.
struct Supervised {
  sandbox::Box& box;
  workspace::UsageMeter& meter;
  const Terminal& terminal;
  bool has_foreground;  // the step was started with the terminal
  const Deadlines& deadlines;
  std::optional<sys::WriteWatch>& output;  // set if silence is limited
  cgroup::Cgroup& cgroup;
  int signals;              // of a SignalQueue
  const std::vector<std::string>& unset_variables;  // of the caller's environment, for the step
};

// Passes on signals, each to the part of the step that it would have reached without stepbox (run/addressees.hpp),
// follows job control, and samples the volumes. Returns when the step has ended, when its execve was refused, or when
// init is gone. All signals are blocked, before and after.
//
// At a deadline it records what the step is doing, asks it to end, and kills the whole box when the grace is over. It
// also ends the box when a process in it is killed for memory, after a look at which process held most.
Ended supervise(const Supervised& run);

}  // namespace stepbox::run
