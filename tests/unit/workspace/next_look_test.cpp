#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "workspace/usage_meter.hpp"

using namespace stepbox::workspace;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 60;
constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

}  // namespace

TEST_CASE("a full volume is looked at every quarter of a millisecond", "[workspace][meter]") {
  CHECK(next_look(0, kPlenty, 0us) == 250us);
  CHECK(next_look(kPlenty, 0, 0us) == 250us);
  CHECK(next_look(0, 0, 100ms) == 250us);
}

TEST_CASE("a full volume is looked at 25 times a second when nothing happens for long", "[workspace][meter]") {
  CHECK(next_look(0, kPlenty, 1s) == 2500us);
  CHECK(next_look(0, kPlenty, 20s) == 40ms);
  CHECK(next_look(0, 0, 24h) == 40ms);
}

TEST_CASE("an empty volume is looked at ten times a second, and rarer when nothing happens", "[workspace][meter]") {
  CHECK(next_look(kPlenty, kPlenty, 0us) == 100ms);
  CHECK(next_look(kPlenty, kPlenty, 1s) == 100ms);
  CHECK(next_look(kPlenty, kPlenty, 2s) == 200ms);
  CHECK(next_look(kMost, kMost, 24h) == 500ms);
}

TEST_CASE("the next look comes before the fastest writer could have filled what is left", "[workspace][meter]") {
  // 16 GiB/s and 200,000 files in a second, but for the quarter of a millisecond that is always waited.
  for (uint64_t free = 4096; free < uint64_t{1} << 40; free *= 2) {
    INFO(free);
    const double seconds = static_cast<double>(next_look(free, kPlenty, 0us).count()) / 1e6;
    CHECK((seconds <= 0.00025 || seconds <= static_cast<double>(free) / (16.0 * (1 << 30)) * 1.001));
  }
  CHECK(next_look(kPlenty, 2'000, 0us) == 10ms);
  CHECK(next_look(uint64_t{8} << 30, kPlenty, 0us) == 100ms);
  CHECK(next_look(uint64_t{80} << 20, kPlenty, 0us) < 5ms);
}

TEST_CASE("more room or a longer quiet never makes the next look come sooner", "[workspace][meter]") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t bytes = random() >> (random() % 64), inodes = random() >> (random() % 64);
    const std::chrono::microseconds still(random() % 200'000'000);
    const auto look = next_look(bytes, inodes, still);
    REQUIRE(look >= 250us);
    REQUIRE(look <= 500ms);
    REQUIRE(look <= next_look(bytes + std::min(kMost - bytes, bytes / 3 + 1), inodes, still));
    REQUIRE(look <= next_look(bytes, inodes + std::min(kMost - inodes, inodes / 3 + 1), still));
    REQUIRE(look <= next_look(bytes, inodes, still + 5s));
  }
}
