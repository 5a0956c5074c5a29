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
  bool grace_exceeded = false;            // it had to be killed
  bool killed_on_request = false;         // because stepbox was asked to stop twice while it waited
  std::vector<Snapshot> diagnostics;
  std::optional<MemoryHolder> memory_holder;  // when memory ran out in the box's group or above
  SeccompLog seccomp_log;                 // what a filter in log mode would have refused
};

// All that there is to look after while a step runs. Borrowed.
struct Supervised {
  sandbox::Box& box;
  workspace::UsageMeter& meter;
  const Terminal& terminal;
  bool has_foreground;  // the step was started with the terminal
  const Deadlines& deadlines;
  std::optional<sys::WriteWatch>& output;  // where silence is limited
  cgroup::Cgroup& cgroup;
  int signals;              // of a SignalQueue
  const std::vector<std::string>& unset_variables;  // of the caller's environment, for the step
};

// Passes on signals, each to whom of the step it would have come to without stepbox (run/addressees.hpp), and job control, samples the volumes, and returns when the step has ended, when its execve was
// refused, or when init is gone. All signals are blocked, before and after. At a deadline it writes down what the step
// is doing, ends it, and when the grace is over the whole box; that is ended too when one of its processes is killed
// for memory. Which held most then is looked up at once.
Ended supervise(const Supervised& run);

}  // namespace stepbox::run
