#include "run/countdown.hpp"

#include <algorithm>

namespace stepbox::run {
namespace {

using std::chrono::milliseconds;

// A killed process is gone within milliseconds, unless it waits for a dead file server.
constexpr milliseconds kPatience{2000};

// Keeps the limit to within a sixteenth, and lets an idle stepbox wake only once a second.
milliseconds interval_of(milliseconds silence) {
  return std::clamp(silence / 16, milliseconds(5), milliseconds(1000));
}

}  // namespace

Countdown::Countdown(const Deadlines& deadlines, Time start)
    : deadlines_(deadlines), start_(start), last_written_(start), next_look_(start), phase_since_(start) {}

bool Countdown::is_silent(Time now) const {
  return deadlines_.silence.value && now - last_written_ >= *deadlines_.silence.value;
}

Countdown::Due Countdown::due(Time now) const {
  switch (phase_) {
    case Phase::running: break;
    case Phase::grace: return now - phase_since_ >= deadlines_.grace.value ? Due::kill : Due::nothing;
    case Phase::killed: return now - phase_since_ >= kPatience ? Due::give_up : Due::nothing;
  }
  if (deadlines_.timeout.value && now - start_ >= *deadlines_.timeout.value) return Due::limit;
  // A check comes before the verdict.
  if (deadlines_.silence.value && now >= next_look_) return Due::look;
  return is_silent(now) ? Due::limit : Due::nothing;
}

std::optional<Countdown::Time> Countdown::next() const {
  if (phase_ == Phase::grace) return phase_since_ + deadlines_.grace.value;
  if (phase_ == Phase::killed) return phase_since_ + kPatience;
  std::optional<Time> next;
  if (deadlines_.timeout.value) next = start_ + *deadlines_.timeout.value;
  if (deadlines_.silence.value) next = std::min(next.value_or(next_look_), next_look_);
  return next;
}

void Countdown::looked(Time now, bool wrote) {
  if (wrote) last_written_ = now;
  const milliseconds silence = deadlines_.silence.value.value_or(milliseconds(0));
  // The last check happens exactly at the limit.
  const Time limit = last_written_ + silence;
  next_look_ = now + interval_of(silence);
  if (limit > now) next_look_ = std::min(next_look_, limit);
}

void Countdown::continued(Time now) {
  last_written_ = now;
}

std::optional<Overrun> Countdown::overrun_at(Time now) const {
  if (deadlines_.timeout.value && now - start_ >= *deadlines_.timeout.value) return overrun_of_time();
  if (deadlines_.silence.value)
    return Overrun{Deadline::silence, *deadlines_.silence.value, deadlines_.silence.origin};
  return std::nullopt;
}

std::optional<Overrun> Countdown::overrun_of_time() const {
  if (!deadlines_.timeout.value) return std::nullopt;
  return Overrun{Deadline::timeout, *deadlines_.timeout.value, deadlines_.timeout.origin};
}

void Countdown::begin_grace(Time now) {
  phase_ = Phase::grace;
  phase_since_ = now;
}

void Countdown::killed(Time now) {
  phase_ = Phase::killed;
  phase_since_ = now;
}

}  // namespace stepbox::run
