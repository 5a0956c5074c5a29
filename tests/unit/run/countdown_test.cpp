#include "run/countdown.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using namespace std::chrono_literals;
using run::Countdown;
using Due = run::Countdown::Due;

namespace {

const Countdown::Time kStart{};
const Origin kOption{.layer = Layer::command_line, .place = "--timeout"};

Deadlines timeout_of(std::chrono::milliseconds timeout) {
  Deadlines deadlines;
  deadlines.timeout = {timeout, kOption};
  deadlines.grace.value = 10s;
  return deadlines;
}

Deadlines silence_of(std::chrono::milliseconds silence) {
  Deadlines deadlines;
  deadlines.silence.value = silence;
  deadlines.grace.value = 10s;
  return deadlines;
}

// Wakes when it is asked to, as the supervisor does, and looks; the step writes at these times. When the limit is over.
std::chrono::milliseconds silent_at(std::chrono::milliseconds silence, std::vector<std::chrono::milliseconds> writes) {
  Countdown countdown(silence_of(silence), kStart);
  Countdown::Time now = kStart;
  for (int wakes = 0; wakes < 100'000; ++wakes) {
    while (countdown.due(now) == Due::look) {
      const auto done = std::erase_if(writes, [&](auto at) { return kStart + at <= now; });
      countdown.looked(now, done > 0);
    }
    if (countdown.due(now) == Due::limit) return std::chrono::duration_cast<std::chrono::milliseconds>(now - kStart);
    REQUIRE(countdown.next());
    REQUIRE(*countdown.next() > now);
    now = *countdown.next();
  }
  FAIL("it never ends");
  return {};
}

}  // namespace

TEST_CASE("without limits nothing is ever due", "[run][deadlines]") {
  const Countdown countdown(Deadlines{}, kStart);
  CHECK(countdown.due(kStart + 24h * 365) == Due::nothing);
  CHECK_FALSE(countdown.next());
}

TEST_CASE("the time limit is due when it is over, and not before", "[run][deadlines]") {
  Countdown countdown(timeout_of(90s), kStart);
  CHECK(countdown.next() == kStart + 90s);
  CHECK(countdown.due(kStart + 90s - 1ns) == Due::nothing);
  REQUIRE(countdown.due(kStart + 90s) == Due::limit);
  const auto overrun = countdown.overrun_at(kStart + 90s);
  REQUIRE(overrun);
  CHECK(overrun->deadline == Deadline::timeout);
  CHECK(overrun->limit == 90s);
  CHECK(overrun->origin.text() == "--timeout");
}

TEST_CASE("the time limit can be told to be over by another clock", "[run][deadlines]") {
  CHECK_FALSE(Countdown(silence_of(90s), kStart).overrun_of_time());
  const auto overrun = Countdown(timeout_of(90s), kStart).overrun_of_time();
  REQUIRE(overrun);
  CHECK(overrun->deadline == Deadline::timeout);
  CHECK(overrun->limit == 90s);
}

TEST_CASE("a time limit of nothing is over at once", "[run][deadlines]") {
  CHECK(Countdown(timeout_of(0ms), kStart).due(kStart) == Due::limit);
}

TEST_CASE("after the grace comes the kill, and after that nobody is waited for for ever", "[run][deadlines]") {
  Countdown countdown(timeout_of(1s), kStart);
  countdown.begin_grace(kStart + 2s);
  CHECK(countdown.in_grace());
  CHECK(countdown.next() == kStart + 12s);
  CHECK(countdown.due(kStart + 12s - 1ns) == Due::nothing);
  CHECK(countdown.due(kStart + 12s) == Due::kill);
  countdown.killed(kStart + 12s);
  CHECK(countdown.due(kStart + 12s) == Due::nothing);
  REQUIRE(countdown.next());
  CHECK(countdown.due(*countdown.next()) == Due::give_up);
}

TEST_CASE("a step that writes nothing is silent when the limit is over", "[run][deadlines]") {
  CHECK(silent_at(1s, {}) == 1s);
  CHECK(silent_at(10min, {}) == 10min);
  CHECK(silent_at(1ms, {}) == 1ms);
}

TEST_CASE("silence counts from the last byte, never less, and at most a sixteenth or a second more",
          "[run][deadlines]") {
  const auto silence = GENERATE(100ms, 1600ms, 16s, 30min);
  const auto last = GENERATE(1ms, 50ms, 999ms, 12'345ms);
  std::vector<std::chrono::milliseconds> writes;
  for (auto at = last; at > 0ms; at -= std::min<std::chrono::milliseconds>(at, silence / 2)) writes.push_back(at);
  CAPTURE(silence.count(), last.count());
  const auto ended = silent_at(silence, writes);
  CHECK(ended >= last + silence);
  CHECK(ended <= last + silence + std::clamp<std::chrono::milliseconds>(silence / 16, 5ms, 1000ms));
}

TEST_CASE("a look that comes late is believed: what was written meanwhile counts as new", "[run][deadlines]") {
  Countdown countdown(silence_of(1s), kStart);
  countdown.looked(kStart, false);
  REQUIRE(countdown.due(kStart + 1h) == Due::look);
  countdown.looked(kStart + 1h, true);
  CHECK(countdown.due(kStart + 1h) == Due::nothing);
}

TEST_CASE("a step that was stopped with stepbox has its silence anew", "[run][deadlines]") {
  Countdown countdown(silence_of(1s), kStart);
  countdown.continued(kStart + 1h);
  countdown.looked(kStart + 1h, false);
  CHECK(countdown.due(kStart + 1h) == Due::nothing);
  CHECK(countdown.next() <= kStart + 1h + 1s);
}

TEST_CASE("of two limits the first that is over counts", "[run][deadlines]") {
  Deadlines deadlines = timeout_of(1h);
  deadlines.silence.value = 1s;
  Countdown countdown(deadlines, kStart);
  countdown.looked(kStart + 1s, false);
  REQUIRE(countdown.due(kStart + 1s) == Due::limit);
  CHECK(countdown.overrun_at(kStart + 1s)->deadline == Deadline::silence);
}
