#include "sys/witness.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include <catch2/catch.hpp>

#include "sys/files.hpp"

using namespace stepbox;
using sys::Witness;

namespace {

// What a caller has to have done.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before_);
  }
  ~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// Ends when it is told to.
class Child {
 public:
  Child() : pid_(::fork()) {
    while (pid_ == 0) ::pause();
  }
  ~Child() { end(); }
  pid_t pid() const { return pid_; }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

std::string of(const Witness& witness, const char* file) {
  return sys::read_file("/proc/" + std::to_string(witness.pid()) + "/" + file).value_or(std::string());
}

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 5'000; ++i) {
    if (condition()) return true;
    ::usleep(2'000);
  }
  return false;
}

}  // namespace

TEST_CASE("no witness hears nothing", "[witness]") {
  Witness none;
  CHECK(none.heard() == 0);
  none.kill();
}

TEST_CASE("a witness hears what it is sent, and goes on", "[witness]") {
  const BlockedSignals blocked;
  const Child child;
  const bool is_apart = GENERATE(false, true);
  Witness witness = is_apart ? Witness::start_apart(child.pid(), {}) : Witness::start(child.pid());
  REQUIRE(witness.pid() > 0);
  CHECK(witness.heard() == 0);
  ::kill(witness.pid(), SIGTERM);
  ::kill(witness.pid(), SIGHUP);
  CHECK(sys::has(witness.heard(), SIGTERM));
  CHECK(sys::has(witness.heard(), SIGHUP));
  CHECK_FALSE(sys::has(witness.heard(), SIGINT));
  CHECK(::kill(witness.pid(), 0) == 0);
  witness = Witness();
  CHECK(witness.heard() == 0);
}

TEST_CASE("a witness does not hear what the caller's process group is sent", "[witness]") {
  const BlockedSignals blocked;
  const Child child;
  const Witness witness = Witness::start(child.pid());
  REQUIRE(witness.pid() > 0);
  CHECK(::getpgid(witness.pid()) == witness.pid());
  CHECK(::getsid(witness.pid()) == ::getsid(0));
}

TEST_CASE("a witness has the caller's variables, and apart only those that were not named", "[witness]") {
  const BlockedSignals blocked;
  const Child child;
  const std::string own = sys::read_file("/proc/self/environ").value_or("");
  REQUIRE(own.find('=') != std::string::npos);
  const std::string name = own.substr(0, own.find('='));
  {
    const Witness witness = Witness::start(child.pid());
    CHECK(of(witness, "environ") == own);
  }
  const Witness witness = Witness::start_apart(child.pid(), {name});
  CHECK(eventually([&] { return std::string(of(witness, "cmdline").c_str()) == "witness"; }));
  const std::string left = of(witness, "environ");
  CHECK(left.size() == own.size());
  CHECK(left.find(own.substr(0, own.find('\0'))) == std::string::npos);
  CHECK(left.ends_with(own.substr(own.find('\0'))));
  // The caller's own are what they were.
  CHECK(sys::read_file("/proc/self/environ").value_or("") == own);
}

TEST_CASE("a witness is gone when it is destroyed, and none of the caller's children", "[witness]") {
  const BlockedSignals blocked;
  const Child child;
  pid_t pid = -1;
  {
    Witness first = Witness::start(child.pid());
    Witness second(std::move(first));
    pid = second.pid();
    REQUIRE(pid > 0);
    second.kill();
  }
  CHECK((::waitpid(pid, nullptr, __WALL | WNOHANG) < 0 && errno == ECHILD));
}

TEST_CASE("a witness ends with the process that it was started for", "[witness]") {
  const BlockedSignals blocked;
  Child child;
  const Witness witness = Witness::start(child.pid());
  REQUIRE(witness.pid() > 0);
  child.end();
  CHECK(eventually([&] { return of(witness, "stat").find(") Z ") != std::string::npos; }));
}
