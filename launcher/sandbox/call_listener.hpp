// The supervisor's end of a filter in log mode: a call that the filter asks about (log_program.hpp) waits until it is
// written down here, and is then carried out as if there were no filter.
#pragma once

#include <linux/seccomp.h>

#include <cstddef>
#include <vector>

#include "sandbox/call_log.hpp"

namespace stepbox::sandbox {

class CallListener {
 public:
  // `listener` is borrowed; -1 where the filter does not ask.
  explicit CallListener(int listener);

  // Deals with one call, so that a step which makes them all the time leaves time for everything else. `events` is
  // what poll(2) tells of the listener. False when no process is left that could make another.
  bool take(short events);

  const SeccompLog& result() const { return log_.result(); }

 private:
  void answer_next();

  int listener_;
  std::vector<std::byte> question_;  // a seccomp_notif, which a newer kernel's may be longer than
  CallLog log_;
};

}  // namespace stepbox::sandbox
