#include "sys/bounded_child.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "sys/fd.hpp"
#include "sys/write_all.hpp"

using namespace stepbox;
using namespace std::chrono_literals;
using sys::run_bounded;

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

TEST_CASE("what the child writes comes back", "[sys][deadlines]") {
  const std::string text(300'000, 'x');
  const auto output = run_bounded([&text](int out) { sys::write_all(out, text); }, {}, 20s, 1 << 20);
  CHECK(output.finished);
  CHECK(output.text == text);
}

TEST_CASE("a child that never ends is cut off, and what it wrote until then is there", "[sys][deadlines]") {
  const auto start = Clock::now();
  const auto output = run_bounded(
      [](int out) {
        sys::write_all(out, "some");
        for (;;) ::pause();
      },
      {}, 200ms, 1000);
  CHECK_FALSE(output.finished);
  CHECK(output.text == "some");
  CHECK(Clock::now() - start >= 200ms);
  CHECK(Clock::now() - start < 10s);
}

TEST_CASE("a child that writes without end is cut off", "[sys][deadlines]") {
  const auto output = run_bounded(
      [](int out) {
        while (sys::write_all(out, "0123456789") == 0) {
        }
      },
      {}, 20s, 100'000);
  CHECK_FALSE(output.finished);
  CHECK(output.text.size() > 100'000);
  CHECK(output.text.size() < 200'000);
}

TEST_CASE("a child that is killed has not finished", "[sys][deadlines]") {
  CHECK_FALSE(run_bounded([](int) { ::raise(SIGKILL); }, {}, 20s, 1000).finished);
}

TEST_CASE("the child has what it was given, and nothing else of ours", "[sys][deadlines]") {
  const sys::Fd given(::open("/dev/null", O_RDONLY));
  const sys::Fd other(::open("/dev/null", O_RDONLY));
  const auto output = run_bounded(
      [&](int out) {
        std::string open;
        for (int fd = 0; fd < 256; ++fd)
          if (fd != out && ::fcntl(fd, F_GETFD) >= 0) open += std::to_string(fd) + " ";
        sys::write_all(out, open);
      },
      {given.get()}, 20s, 1000);
  CHECK(output.text == "2 " + std::to_string(given.get()) + " ");
}
