#include "sandbox/channel.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "sys/fd.hpp"

using namespace stepbox;
using namespace stepbox::sandbox;

TEST_CASE("what init has said is heard, though it left before it read all that it was told", "[sandbox]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  const sys::Fd supervisor(ends[0]);
  sys::Fd init(ends[1]);
  REQUIRE(send_message(init.get(), {.kind = Kind::expired}));
  REQUIRE(send_message(init.get(), {.kind = Kind::ended, .value = 9}));
  REQUIRE(send_message(supervisor.get(), {.kind = Kind::signal, .value = 18}));
  init.close();

  Message received{};
  int fds[kMaxDescriptors];
  const auto next = [&] { return receive_with_descriptors(supervisor.get(), {&received, sizeof received}, fds).bytes; };
  REQUIRE(next() == sizeof received);
  CHECK(received.kind == Kind::expired);
  REQUIRE(next() == sizeof received);
  CHECK(received.kind == Kind::ended);
  CHECK(received.value == 9);
  CHECK(next() == 0);
}
