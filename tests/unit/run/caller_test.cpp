#include "run/caller.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace stepbox;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    // As make leaves them to its children: open across execve.
    REQUIRE(::pipe2(ends, 0) == 0);
    read = sys::Fd(ends[0]);
    write = sys::Fd(ends[1]);
  }
  std::string both() const { return std::to_string(read.get()) + "," + std::to_string(write.get()); }
  sys::Fd read;
  sys::Fd write;
};

using Numbers = std::vector<int>;

Result<std::vector<InheritedFd>> inherited(std::vector<std::string> environment, const Numbers& named = {}) {
  HostFacts facts;
  facts.environment = std::move(environment);
  return run::inherited_descriptors(facts, named);
}

Numbers numbers(std::vector<std::string> environment, const Numbers& named = {}) {
  const auto found = inherited(std::move(environment), named);
  REQUIRE(found);
  Numbers fds;
  for (const InheritedFd& each : *found) fds.push_back(each.fd);
  return fds;
}

// A number that nothing has open.
int closed_number() {
  const sys::Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return fd.get();
}

}  // namespace

TEST_CASE("nothing is passed on without a protocol", "[run][caller]") {
  const Pipe pipe;
  CHECK(numbers({}).empty());
  CHECK(numbers({"MAKEFLAGS=-j8", "LISTEN_FDS=2", "PMI_FD="}).empty());
}

TEST_CASE("make's jobserver is passed on in every style of writing", "[run][caller]") {
  const Pipe pipe;
  const Numbers expected = {pipe.read.get(), pipe.write.get()};
  CHECK(numbers({"MAKEFLAGS= -j8 --jobserver-auth=" + pipe.both()}) == expected);
  CHECK(numbers({"MAKEFLAGS=--jobserver-fds=" + pipe.both() + " -j"}) == expected);
  CHECK(numbers({"MAKEFLAGS=--jobserver-auth=" + pipe.both() + " --no-print-directory"}) == expected);
  CHECK(inherited({"MAKEFLAGS=--jobserver-auth=" + pipe.both()})->front().why == "jobserver of make (MAKEFLAGS)");
}

TEST_CASE("of two jobservers the last one counts", "[run][caller]") {
  const Pipe outer, inner;
  CHECK(numbers({"MAKEFLAGS=--jobserver-auth=" + outer.both() + " --jobserver-auth=" + inner.both()}) ==
        Numbers{inner.read.get(), inner.write.get()});
}

TEST_CASE("a jobserver that is a fifo, closed, disabled or nonsense passes nothing", "[run][caller]") {
  const std::string closed = std::to_string(closed_number());
  for (const std::string& value :
       {std::string("fifo:/tmp/GMfifo1"), std::string("-2,-2"), closed + "," + closed, std::string("0,1"),
        std::string("a,b"), std::string(""), std::string("99999999999,3x")}) {
    INFO(value);
    CHECK(numbers({"MAKEFLAGS=--jobserver-auth=" + value}).empty());
  }
}

TEST_CASE("PMI_FD is passed on", "[run][caller]") {
  const Pipe pipe;
  CHECK(numbers({"PMI_FD=" + std::to_string(pipe.read.get())}) == Numbers{pipe.read.get()});
  CHECK(numbers({"PMI_FD=1"}).empty());
}

TEST_CASE("sockets of socket activation are passed on to the process they are for", "[run][caller]") {
  const sys::Fd third(::fcntl(1, F_DUPFD, 3));
  REQUIRE(third);
  const std::string count = std::to_string(third.get() - 2);
  const std::string own = std::to_string(::getpid());
  const Numbers found = numbers({"LISTEN_PID=" + own, "LISTEN_FDS=" + count});
  CHECK(std::ranges::count(found, third.get()) == 1);
  CHECK(numbers({"LISTEN_PID=1", "LISTEN_FDS=" + count}).empty());
  CHECK(numbers({"LISTEN_FDS=" + count}).empty());
  CHECK(numbers({"LISTEN_PID=" + own, "LISTEN_FDS=x"}).empty());
  CHECK(numbers({"LISTEN_PID=" + own, "LISTEN_FDS=0"}).empty());
}

TEST_CASE("an immense LISTEN_FDS takes no time", "[run][caller]") {
  CHECK(inherited({"LISTEN_PID=" + std::to_string(::getpid()), "LISTEN_FDS=2147483647"}));
}

TEST_CASE("descriptors are passed in order and each once", "[run][caller]") {
  const Pipe pipe;
  const int read = pipe.read.get(), write = pipe.write.get();
  CHECK(numbers({"MAKEFLAGS=--jobserver-auth=" + pipe.both()}, {write, read, write}) == Numbers{read, write});
}

TEST_CASE("a directory is never passed", "[run][caller]") {
  const sys::Fd directory(::open("/", O_RDONLY | O_DIRECTORY));
  const std::string number = std::to_string(directory.get());
  CHECK(numbers({"MAKEFLAGS=--jobserver-auth=" + number + "," + number}).empty());
  CHECK(numbers({"PMI_FD=" + number}).empty());
  const auto named = inherited({}, {directory.get()});
  REQUIRE_FALSE(named);
  CHECK(named.error().message ==
        "--pass-fd " + number + ": that is a directory, through which the step could leave the box");
}

TEST_CASE("a directory that is only a path is refused too", "[run][caller]") {
  const sys::Fd directory(::open("/", O_PATH));
  const auto named = inherited({}, {directory.get()});
  REQUIRE_FALSE(named);
  CHECK(named.error().message.find("that is a directory") != std::string::npos);
}

TEST_CASE("a named descriptor that is not open is an error", "[run][caller]") {
  const int number = closed_number();
  const auto found = inherited({}, {number});
  REQUIRE_FALSE(found);
  CHECK(found.error().message == "--pass-fd " + std::to_string(number) + ": that descriptor is not open");
}

TEST_CASE("a descriptor that stepbox opened itself is not the caller's to pass", "[run][caller]") {
  const sys::Fd own(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const auto found = inherited({}, {own.get()});
  REQUIRE_FALSE(found);
  CHECK(found.error().message == "--pass-fd " + std::to_string(own.get()) + ": that descriptor is not open");
}

TEST_CASE("a standard descriptor that is a directory is refused", "[run][caller]") {
  const sys::Fd before(::fcntl(0, F_DUPFD_CLOEXEC, 3));
  const sys::Fd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::dup2(directory.get(), 0) == 0);
  const auto found = inherited({});
  before ? ::dup2(before.get(), 0) : ::close(0);
  REQUIRE_FALSE(found);
  CHECK(found.error().message == "descriptor 0 is a directory, through which the step could leave the box");
  CHECK(found.error().hint == "redirect it from or to a file, a pipe or /dev/null");
}
