// Planning looks at paths of the host, and one on a server that does not answer (NFS, FUSE) can keep it for ever: the thread
// that looks is in the kernel and cannot be called back. Where the step has a timeout, planning has it too: then another
// thread gives the run up. Without one, signals still end stepbox at once, since it has not taken them over yet.
#pragma once

#include <chrono>

#include "base/result.hpp"
#include "model/policy.hpp"
#include "run/run_step.hpp"
#include "sys/watchdog.hpp"

namespace stepbox::run {

// The least time that a box is given, however short the step's is: a busy machine makes one in a part of this.
inline constexpr std::chrono::milliseconds kLeastSetupTime{2000};

class PlanningDeadline {
 public:
  // Both are borrowed.
  PlanningDeadline(const RunRequest& request, std::chrono::steady_clock::time_point begin) : request_(request), begin_(begin) {}

  // The timeout of the command line or of the variable, which are known before any file is looked at. Costs nothing where
  // there is none.
  Result<> start();
  // That of the policy, which may come from a file.
  Result<> follow(const Policy& policy);
  // Planning is over. The thread is gone afterwards.
  void stop() { watchdog_.stop(); }

 private:
  Result<> watch(std::chrono::milliseconds timeout);

  const RunRequest& request_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::milliseconds watched_{0};
  sys::Watchdog watchdog_;
};

}  // namespace stepbox::run
