#include "run/addressees.hpp"

#include <csignal>

#include <catch2/catch.hpp>

using namespace stepbox;
using namespace std::chrono_literals;
using run::Addressees;
using sandbox::Whom;

namespace {

const Addressees::Time kStart{};
constexpr sys::SignalSet kNone = 0;

constexpr sys::SignalSet only(int signal) { return sys::SignalSet{1} << (signal - 1); }

constexpr sys::SignalSet kTerm = only(SIGTERM);

}  // namespace

TEST_CASE("nothing is due before a signal has been heard", "[addressees]") {
  Addressees addressees;
  CHECK_FALSE(addressees.next());
  CHECK_FALSE(addressees.take(kStart + 1h, kTerm, kTerm));
  CHECK_FALSE(addressees.hears(SIGTERM));
}

TEST_CASE("a signal that stepbox alone got is the command's", "[addressees]") {
  Addressees addressees;
  addressees.heard(SIGTERM, kStart, kNone);
  REQUIRE(addressees.next() == kStart + Addressees::kPatience);
  CHECK(addressees.hears(SIGTERM));
  CHECK_FALSE(addressees.hears(SIGINT));
  CHECK_FALSE(addressees.take(kStart + Addressees::kPatience - 1ms, kNone, kNone));
  const auto meant = addressees.take(*addressees.next(), kNone, kNone);
  REQUIRE(meant);
  CHECK(meant->signal == SIGTERM);
  CHECK(meant->whom == Whom::command);
  CHECK_FALSE(addressees.next());
}

TEST_CASE("a signal that the neighbour got at the same moment is the group's", "[addressees]") {
  Addressees addressees;
  addressees.heard(SIGTERM, kStart, kTerm | only(SIGCHLD));
  CHECK(addressees.take(kStart + Addressees::kPatience, kTerm, kNone)->whom == Whom::group);
}

TEST_CASE("a signal to the process and then to the group is one, and the group's", "[addressees]") {
  Addressees addressees;
  addressees.heard(SIGTERM, kStart, kNone);
  addressees.heard(SIGTERM, kStart + 1ms, kTerm);
  REQUIRE(addressees.next() == kStart + Addressees::kPatience);
  CHECK(addressees.take(kStart + Addressees::kPatience, kTerm, kNone)->whom == Whom::group);
  CHECK_FALSE(addressees.next());
}

TEST_CASE("a signal that the witness got as well has reached the step", "[addressees]") {
  const sys::SignalSet at_once = GENERATE(kNone, kTerm);
  const sys::SignalSet neighbour = GENERATE(kNone, kTerm);
  Addressees addressees;
  addressees.heard(SIGTERM, kStart, at_once);
  CHECK(addressees.take(kStart + Addressees::kPatience, neighbour, kTerm)->whom == Whom::nobody);
}

TEST_CASE("somebody who goes from process to process slowly is waited for", "[addressees]") {
  Addressees addressees;
  addressees.heard(SIGTERM, kStart, kNone);
  CHECK_FALSE(addressees.take(kStart + Addressees::kPatience, kTerm, kNone));
  REQUIRE(addressees.next() == kStart + Addressees::kLongPatience);
  SECTION("and reaches the witness") {
    CHECK(addressees.take(kStart + Addressees::kLongPatience, kTerm, kTerm)->whom == Whom::nobody);
  }
  // No signal is lost because the kernel was held up while it went through a group.
  SECTION("or it was the group after all") {
    CHECK(addressees.take(kStart + Addressees::kLongPatience, kTerm, kNone)->whom == Whom::group);
  }
}

TEST_CASE("what others got of one signal says nothing of another", "[addressees]") {
  Addressees addressees;
  addressees.heard(SIGTERM, kStart, kTerm);
  addressees.heard(SIGUSR1, kStart + 1ms, kTerm);
  const auto later = kStart + 1ms + Addressees::kPatience;
  const auto first = addressees.take(later, kTerm, kNone);
  const auto second = addressees.take(later, kTerm, kNone);
  REQUIRE((first && second));
  CHECK(first->whom == Whom::group);
  CHECK(second->signal == SIGUSR1);
  CHECK(second->whom == Whom::command);
}

TEST_CASE("after a decision the same signal is heard anew", "[addressees]") {
  Addressees addressees;
  addressees.heard(SIGTERM, kStart, kTerm);
  CHECK(addressees.take(kStart + Addressees::kPatience, kTerm, kNone)->whom == Whom::group);
  addressees.heard(SIGTERM, kStart + 1s, kNone);
  CHECK(addressees.take(kStart + 1s + Addressees::kPatience, kNone, kNone)->whom == Whom::command);
}
