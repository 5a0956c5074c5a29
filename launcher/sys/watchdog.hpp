// A thread that acts unless it is called off in time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.hpp"

namespace stepbox::sys {

class Watchdog {
 public:
  // Calls `act` once, in a thread of its own, when `limit` is over, unless stop() or the destructor comes first. The
  // thread takes no signals. Error: the thread cannot be started.
  static Result<Watchdog> start(std::chrono::milliseconds limit, std::function<void()> act);

  Watchdog() noexcept;  // never acts
  Watchdog(Watchdog&&) noexcept;
  Watchdog& operator=(Watchdog&&) noexcept;
  ~Watchdog();

  // Afterwards `act` is no longer called, and the thread is gone. Waits for an `act` that has begun.
  void stop();

 private:
  struct Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace stepbox::sys
