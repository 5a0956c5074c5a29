#include "sys/fd.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <type_traits>

using stepbox::sys::Fd;

namespace {

Fd opened() {
  return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

static_assert(!std::is_copy_constructible_v<Fd> && !std::is_copy_assignable_v<Fd>);
static_assert(std::is_nothrow_move_constructible_v<Fd> && std::is_nothrow_move_assignable_v<Fd>);

TEST_CASE("a descriptor is closed with its owner", "[sys][fd]") {
  int number = -1;
  {
    const Fd fd = opened();
    REQUIRE(fd);
    number = fd.get();
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("a moved descriptor has one owner", "[sys][fd]") {
  Fd from = opened();
  const int number = from.get();
  const Fd to = std::move(from);
  CHECK(to.get() == number);
  CHECK_FALSE(from);
  CHECK(is_open(number));
}

TEST_CASE("an assignment closes what was held", "[sys][fd]") {
  Fd held = opened();
  Fd other = opened();
  const int old_number = held.get(), new_number = other.get();
  held = std::move(other);
  CHECK_FALSE(is_open(old_number));
  CHECK(held.get() == new_number);
  CHECK(is_open(new_number));
  CHECK_FALSE(other);
}

TEST_CASE("assigning an empty owner closes and leaves none", "[sys][fd]") {
  Fd held = opened();
  const int number = held.get();
  held = Fd();
  CHECK_FALSE(held);
  CHECK_FALSE(is_open(number));
}

TEST_CASE("a move to itself changes nothing", "[sys][fd]") {
  Fd fd = opened();
  const int number = fd.get();
  Fd& same = fd;
  fd = std::move(same);
  CHECK(fd.get() == number);
  CHECK(is_open(number));
}

TEST_CASE("closing twice closes nobody else's", "[sys][fd]") {
  Fd fd = opened();
  fd.close();
  const Fd other = opened();  // likely to get the same number
  fd.close();
  CHECK(is_open(other.get()));
  CHECK_FALSE(fd);
}

TEST_CASE("a released descriptor stays open", "[sys][fd]") {
  int number = -1;
  {
    Fd fd = opened();
    number = fd.release();
    CHECK_FALSE(fd);
  }
  CHECK(is_open(number));
  ::close(number);
}

TEST_CASE("descriptor 0 is one like any other, and -1 is none", "[sys][fd]") {
  Fd zero(0);
  CHECK(zero);
  CHECK(zero.release() == 0);
  CHECK_FALSE(Fd(-1));
  CHECK_FALSE(Fd());
}
