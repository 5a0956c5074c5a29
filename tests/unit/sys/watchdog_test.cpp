#include "sys/watchdog.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <future>
#include <utility>

using namespace stepbox::sys;
using namespace std::chrono_literals;

TEST_CASE("a watchdog acts when its time is over", "[sys][watchdog]") {
  std::promise<void> acted;
  auto watchdog = Watchdog::start(1ms, [&] { acted.set_value(); });
  REQUIRE(watchdog);
  acted.get_future().wait();
}

TEST_CASE("a watchdog that is stopped, destroyed or replaced does not act", "[sys][watchdog]") {
  std::atomic<int> acted = 0;
  const auto act = [&] { ++acted; };
  {
    auto stopped = Watchdog::start(1h, act);
    REQUIRE(stopped);
    stopped->stop();
    stopped->stop();
    auto destroyed = Watchdog::start(1h, act);
    auto replaced = Watchdog::start(1h, act);
    REQUIRE((destroyed && replaced));
    *replaced = Watchdog();
    const Watchdog moved = std::move(*destroyed);
  }
  CHECK(acted == 0);
}

TEST_CASE("the thread of a watchdog takes no signals", "[sys][watchdog]") {
  std::promise<bool> blocked;
  auto watchdog = Watchdog::start(1ms, [&] {
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    blocked.set_value(::sigismember(&now, SIGTERM) == 1 && ::sigismember(&now, SIGCHLD) == 1);
  });
  REQUIRE(watchdog);
  CHECK(blocked.get_future().get());
  sigset_t ours;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &ours);
  CHECK(::sigismember(&ours, SIGTERM) == 0);
}
