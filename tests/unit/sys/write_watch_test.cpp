#include "sys/write_watch.hpp"

#include <fcntl.h>
#include <pty.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>

#include "temp_tree.hpp"

using namespace stepbox;
using sys::Fd;
using sys::WriteWatch;

namespace {

struct Stream {
  std::string what;
  Fd write_end;
  Fd other_end = {};
};

Stream pipe_stream() {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  return {"pipe", Fd(ends[1]), Fd(ends[0])};
}

Stream socket_stream() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  return {"socket", Fd(ends[1]), Fd(ends[0])};
}

Stream terminal_stream() {
  int master = -1, slave = -1;
  REQUIRE(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
  return {"terminal", Fd(slave), Fd(master)};
}

Stream file_stream() {
  char name[] = "/tmp/stepbox-watch.XXXXXX";
  Fd file(::mkstemp(name));
  REQUIRE(file);
  ::unlink(name);
  return {"file", std::move(file)};
}

Stream memory_stream() {
  return {"memory", Fd(::memfd_create("x", 0))};
}

WriteWatch watch_of(const std::vector<int>& fds) {
  auto watch = WriteWatch::open(fds);
  if (!watch) FAIL(watch.error().message);
  return std::move(*watch);
}

bool write_byte(int fd) {
  return ::write(fd, "x", 1) == 1;
}

void write_in_a_child(int fd) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(write_byte(fd) ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

}  // namespace

TEST_CASE("what is written is seen once, by whomever it is written", "[sys][deadlines]") {
  const auto make = GENERATE(&pipe_stream, &socket_stream, &terminal_stream, &file_stream, &memory_stream);
  const Stream stream = make();
  INFO(stream.what);
  WriteWatch watch = watch_of({stream.write_end.get()});
  CHECK_FALSE(watch.look());
  for (int round = 0; round < 3; ++round) {
    REQUIRE(write_byte(stream.write_end.get()));
    CHECK(watch.look());
    CHECK_FALSE(watch.look());
    write_in_a_child(stream.write_end.get());
    REQUIRE(write_byte(stream.write_end.get()));
    CHECK(watch.look());
    CHECK_FALSE(watch.look());
  }
}

TEST_CASE("reading is not writing", "[sys][deadlines]") {
  const Stream stream = pipe_stream();
  REQUIRE(write_byte(stream.write_end.get()));
  WriteWatch watch = watch_of({stream.write_end.get()});
  char byte = 0;
  REQUIRE(::read(stream.other_end.get(), &byte, 1) == 1);
  CHECK_FALSE(watch.look());
}

TEST_CASE("either of two is enough, and the same one twice is one", "[sys][deadlines]") {
  const Stream one = pipe_stream();
  const Stream other = terminal_stream();
  WriteWatch watch = watch_of({one.write_end.get(), other.write_end.get(), one.write_end.get()});
  for (const int fd : {one.write_end.get(), other.write_end.get(), one.write_end.get()}) {
    REQUIRE(write_byte(fd));
    CHECK(watch.look());
    CHECK_FALSE(watch.look());
  }
}

TEST_CASE("what cannot be watched any longer is told, and counts as written", "[sys][deadlines]") {
  Stream stream = pipe_stream();
  WriteWatch watch = watch_of({stream.write_end.get()});
  CHECK_FALSE(watch.problem());
  stream.write_end.close();
  CHECK(watch.look());
  REQUIRE(watch.problem());
  CHECK(watch.problem()->message.starts_with("cannot watch descriptor "));
}

TEST_CASE("what goes to /dev/null is not output, and nothing but that cannot be watched", "[sys][deadlines]") {
  const Fd nowhere(::open("/dev/null", O_WRONLY));
  const Stream stream = pipe_stream();
  WriteWatch watch = watch_of({nowhere.get(), stream.write_end.get()});
  REQUIRE(write_byte(nowhere.get()));
  CHECK_FALSE(watch.look());
  const auto refused = WriteWatch::open({nowhere.get(), nowhere.get()});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "cannot watch for writes: all of it goes to /dev/null");
}

TEST_CASE("what is no stream of bytes is refused with its name", "[sys][deadlines]") {
  const Fd full(::open("/dev/full", O_WRONLY));
  const auto refused = WriteWatch::open({full.get()});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "cannot watch descriptor " + std::to_string(full.get()) + " (/dev/full): it is not a file, pipe or terminal");
}
