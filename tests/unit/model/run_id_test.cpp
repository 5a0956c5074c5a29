#include "model/run_id.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using std::chrono::milliseconds;
using Time = std::chrono::system_clock::time_point;

TEST_CASE("a run id is the ULID of its time and its entropy", "[model][run-id]") {
  // The example of the specification is 01ARYZ6S41 at 1469918176385 ms.
  const std::string id = run_id(Time(milliseconds(1'469'918'176'385)), RunEntropy{});
  CHECK(id == "01ARYZ6S410000000000000000");
  CHECK(run_id(Time(milliseconds(0)), RunEntropy{}) == "00000000000000000000000000");
  RunEntropy ones;
  ones.fill(0xff);
  CHECK(run_id(Time(milliseconds((int64_t{1} << 43) - 1)), ones) == "07ZZZZZZZZZZZZZZZZZZZZZZZZ");
  RunEntropy last{};
  last.back() = 31;
  CHECK(run_id(Time(milliseconds(0)), last) == "0000000000000000000000000Z");
}

TEST_CASE("run ids sort by the time of the start", "[model][run-id]") {
  RunEntropy high;
  high.fill(0xff);
  CHECK(run_id(Time(milliseconds(1'770'091'506'789)), high) < run_id(Time(milliseconds(1'770'091'506'790)), RunEntropy{}));
}
