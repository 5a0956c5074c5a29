// Decides what is due at which moment of a deadline. Pure: callers pass in the time.
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
    look,     // check whether the step has written, then call looked()
    limit,    // a limit is over: overrun_at() names it; ask the step to end, then call begin_grace()
    kill,     // the grace is over: kill, then call killed()
    give_up,  // the killed box does not go away
  };

  // Counts neither the machine's sleep nor changes of its clock (CLOCK_MONOTONIC).
  Countdown(const Deadlines& deadlines, Time start);

  Due due(Time now) const;
  // When the result of due() may change next; none if time alone never changes it.
  std::optional<Time> next() const;

  // Records a check at `now` for output since the last check. Silence counts from the check that found output, so
  // that it never seems longer than it was.
  void looked(Time now, bool wrote);
  // The step was stopped together with stepbox and now continues: it could not write meanwhile.
  void continued(Time now);

  bool in_grace() const { return phase_ == Phase::grace; }
  bool is_running() const { return phase_ == Phase::running; }

  // From here on no deadline counts any more.
  void begin_grace(Time now);
  void killed(Time now);
  // The deadline that is over at `now`, once due() has returned `limit`.
  std::optional<Overrun> overrun_at(Time now) const;
  // The overrun of the time limit, for when init's clock reports it; none without a time limit.
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
