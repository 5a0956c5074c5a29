// When what is due at a deadline. Pure: the time is told from outside.
#pragma once

#include <chrono>
#include <optional>

#include "model/deadlines.hpp"

namespace stepbox::run {

class Countdown {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Due : uint8_t {
    nothing,
    look,     // whether the step has written; tell by looked()
    limit,    // overrun_at() tells which; begin_grace() when the step has been asked to end
    kill,     // the grace is over; killed() when it has been done
    give_up,  // what was killed does not go
  };

  // Neither the machine's sleep nor a change of its clock counts (CLOCK_MONOTONIC).
  Countdown(const Deadlines& deadlines, Time start);

  Due due(Time now) const;
  // When due() may change next; nothing where it never will by itself.
  std::optional<Time> next() const;

  // At `now` it was looked whether something was written since the last look. Silence counts from the look that found
  // something, so that it is never taken for longer than it was.
  void looked(Time now, bool wrote);
  // The step was stopped with stepbox, and goes on: it could not write.
  void continued(Time now);

  bool in_grace() const { return phase_ == Phase::grace; }
  bool is_running() const { return phase_ == Phase::running; }

  // From here on no deadline is looked at any more.
  void begin_grace(Time now);
  void killed(Time now);
  // Which deadline is over at `now`, when due() has said `limit`.
  std::optional<Overrun> overrun_at(Time now) const;
  // That of the time limit, when init's clock says that it is over; nothing where there is none.
  std::optional<Overrun> overrun_of_time() const;

 private:
  enum class Phase : uint8_t { running, grace, killed };
  bool is_silent(Time now) const;

  Deadlines deadlines_;
  Time start_;
  Time last_written_;
  Time next_look_;
  Time phase_since_;
  Phase phase_ = Phase::running;
};

}  // namespace stepbox::run
