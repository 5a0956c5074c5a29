// Bounds the time for planning. Planning looks at host paths, and one on a server that does not answer (NFS, FUSE)
// can block it for ever: the thread is in the kernel and cannot be called back. If the step has a timeout, it applies
// to planning too, and another thread gives the run up. Without a timeout, signals still end stepbox at once, since
// it has not taken them over yet. Neither helps while a FUSE server has read the request and keeps it: the kernel then
// lets no signal end the wait. The message and the report come in time, and stepbox is gone when the server answers or dies.
#pragma once

#include <chrono>

#include "base/result.hpp"
#include "model/policy.hpp"
#include "run/run_step.hpp"
#include "sys/watchdog.hpp"

namespace stepbox::run {

// The minimum time for making a box, however short the step's timeout is. Even a busy machine needs only a part of it.
inline constexpr std::chrono::milliseconds kLeastSetupTime{2000};

class PlanningDeadline {
 public:
  // `request` is borrowed.
  PlanningDeadline(const RunRequest& request, std::chrono::steady_clock::time_point begin) : request_(request), begin_(begin) {}

  // Applies the timeout of the command line or the environment variable, known before any file is looked at. Costs
  // nothing without a timeout.
  Result<> start();
  // Applies the policy's timeout, which may come from a file.
  Result<> follow(const Policy& policy);
  // Planning is over: ends the thread.
  void stop() { watchdog_.stop(); }

 private:
  Result<> watch(std::chrono::milliseconds timeout);

  const RunRequest& request_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::milliseconds watched_{0};
  sys::Watchdog watchdog_;
};

}  // namespace stepbox::run
