// The supervisor's end of a filter in log mode. A call that the filter asks about (log_program.hpp) waits until the
// supervisor has recorded it here, and then proceeds as if there were no filter.
#pragma once

#include <linux/seccomp.h>

#include <cstddef>
#include <vector>

#include "sandbox/call_log.hpp"

namespace stepbox::sandbox {

class CallListener {
 public:
  // `listener` is borrowed; -1 if the filter does not ask.
  explicit CallListener(int listener);

  // Handles one call at a time, so that a step that makes such calls all the time leaves time for everything else.
  // `events` are poll(2)'s events of the listener. False when no process is left that could make another call.
  bool take(short events);

  const SeccompLog& result() const { return log_.result(); }

 private:
  void answer_next();

  int listener_;
  std::vector<std::byte> question_;  // a seccomp_notif; a newer kernel's may be longer
  CallLog log_;
};

}  // namespace stepbox::sandbox
