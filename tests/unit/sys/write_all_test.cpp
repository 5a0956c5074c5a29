#include "sys/write_all.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <string>

#include "sys/fd.hpp"

using namespace stepbox;

namespace {

struct Pipe {
  explicit Pipe(int flags) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | flags) == 0);
    reader = sys::Fd(ends[0]);
    writer = sys::Fd(ends[1]);
  }
  sys::Fd reader;
  sys::Fd writer;
};

}  // namespace

TEST_CASE("a text waits for room in a full pipe that does not block", "[sys][write-all]") {
  Pipe pipe(O_NONBLOCK);
  const std::string sent(1 << 20, 's');
  const pid_t child = ::fork();
  if (child == 0) ::_exit(sys::write_all(pipe.writer.get(), sent));
  pipe.writer.close();
  REQUIRE(::fcntl(pipe.reader.get(), F_SETFL, 0) == 0);
  std::string text;
  char buffer[4096];
  for (ssize_t size = 0; (size = ::read(pipe.reader.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(size));
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(text == sent);
}

TEST_CASE("a write that fails is reported by its errno", "[sys][write-all]") {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe(0);
  pipe.reader.close();
  CHECK(sys::write_all(pipe.writer.get(), "text") == EPIPE);
  ::signal(SIGPIPE, before);
  CHECK(sys::write_all(-1, "text") == EBADF);
  CHECK(sys::write_all(-1, "") == 0);
  const sys::Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  CHECK(sys::write_all(full.get(), "text") == ENOSPC);
}
