#include "base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

using namespace stepbox;

namespace {

// Puts a pipe in the place of stderr, and gives back what was written there.
class CapturedStderr {
 public:
  CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0);
    ::dup2(pipe_[1], STDERR_FILENO);
  }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;
  ~CapturedStderr() {
    ::dup2(saved_, STDERR_FILENO);
    for (const int fd : {saved_, pipe_[0], pipe_[1]}) ::close(fd);
  }

  std::string text() const {
    char buffer[4096];
    const ssize_t size = ::read(pipe_[0], buffer, sizeof buffer);
    return std::string(buffer, size > 0 ? static_cast<size_t>(size) : 0);
  }

 private:
  int saved_;
  int pipe_[2] = {-1, -1};
};

}  // namespace

TEST_CASE("every message is one line with our prefix", "[base]") {
  const CapturedStderr captured;
  log::say("2 processes left running were killed");
  CHECK(captured.text() == "stepbox: 2 processes left running were killed\n");
  log::warn("quota is degraded");
  CHECK(captured.text() == "stepbox: quota is degraded\n");
}

TEST_CASE("messages are no format strings", "[base]") {
  const CapturedStderr captured;
  log::say("100% {} %s {0} %v");
  CHECK(captured.text() == "stepbox: 100% {} %s {0} %v\n");
}

TEST_CASE("debug lines appear only when asked for", "[base]") {
  const CapturedStderr captured;
  log::debug("opened");
  CHECK(captured.text().empty());
  log::set_verbosity(log::Verbosity::verbose);
  CHECK(log::is_verbose());
  log::debug("opened");
  CHECK(captured.text() == "stepbox: opened\n");
  log::set_verbosity(log::Verbosity::normal);
  log::debug("opened");
  CHECK(captured.text().empty());
}

TEST_CASE("an error's hint has a line of its own", "[base]") {
  const CapturedStderr captured;
  log::error(Error{"cannot start", "run as root"});
  CHECK(captured.text() == "stepbox: cannot start\nhint: run as root\n");
  log::error(Error{"cannot start"});
  CHECK(captured.text() == "stepbox: cannot start\n");
}

TEST_CASE("each line of an error has our prefix", "[base]") {
  const CapturedStderr captured;
  log::error({"first\nsecond\n  more", "do it"});
  CHECK(captured.text() == "stepbox: first\nstepbox: second\nstepbox:   more\nhint: do it\n");
}
