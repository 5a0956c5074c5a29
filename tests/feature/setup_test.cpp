// Stepbox does not wait for ever before or after the step: neither for a box that does not come up, nor for an unread
// standard error. And processes that are about to exit get the processor time that they need.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <csignal>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/init_made.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

Command traced(Command command, std::function<void()> as_caller = {}) {
  command.as_caller = [as_caller] {
    if (as_caller) as_caller();
    in_child::ask_to_be_traced();
  };
  command.timeout = seconds(30);
  return command;
}

// The writing end of a full pipe.
class FullPipe {
 public:
  FullPipe() {
    REQUIRE(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0);
    const std::string block(4096, 'x');
    while (::write(ends_[1], block.data(), block.size()) > 0) {
    }
    ::fcntl(ends_[1], F_SETFL, 0);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;
  ~FullPipe() {
    for (const int end : ends_) ::close(end);
  }
  int end() const { return ends_[1]; }

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace

TEST_CASE("a signal ends stepbox while it makes the box", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP, SIGQUIT);
  CAPTURE(caller, signal);
  const Place place(caller);
  Process step(traced(place.step({}, {"sh", "-c", "echo ran"})));
  REQUIRE(hold_once_init_is_made(step.pid(), Held::init));
  step.signal(signal);
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 128 + signal);
  CHECK(ended.out.empty());
  CHECK(ended.err.find("while it made the box; the step did not run") != std::string::npos);
  CHECK(verdict_of(place.report()) == "cancelled");
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a signal that the caller ignores does not end stepbox while it makes the box", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(traced(place.step({}, {"sh", "-c", "echo ran"}), [] { ::signal(SIGHUP, SIG_IGN); }));
  REQUIRE(hold_once_init_is_made(step.pid(), Held::init));
  step.signal(SIGHUP);
  SECTION("and the step runs") { ::kill(init_of(step.pid()), SIGCONT); }
  SECTION("but another signal does") { step.signal(SIGTERM); }
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == (ended.out == "ran\n" ? 0 : 128 + SIGTERM));
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("stepbox gives up a box that is not up within the step's time", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(traced(place.step({"--timeout", "2500ms"}, {"sh", "-c", "echo ran"})));
  REQUIRE(hold_once_init_is_made(step.pid(), Held::init));
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(what_is_wrong_with_refusal(ended).empty());
  CHECK(ended.err.find("the box could not be made within 2s500ms") != std::string::npos);
  CHECK(verdict_of(place.report()) == "launcher-error");
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a step starts although stepbox has something to say and nobody reads standard error", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const FullPipe full;
  Command command = place.step({"--isolation", "env"}, {"sh", "-c", "echo ran"});
  command.stderr_fd = full.end();
  command.timeout = seconds(30);
  const Run ended = run(command);
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.code() == 0);
  CHECK(ended.out == "ran\n");
  CHECK(place.report().at("warnings").dump().find(" to standard error: nobody read them in time") != std::string::npos);
}

// Its share of the processor makes the last writer slower than any fixed time would allow for.
TEST_CASE("a reader of the step's output gets the processor time to write the rest, on a slow machine too", "[ends]") {
  REQUIRE_HOST(root_suite);
  if (std::getenv("STEPBOX_TEST_PATIENCE") != nullptr) {
    WARN("skipped: on an emulated machine so small a share of it is less than stepbox waits for");
    return;
  }
  const Place place(Caller::root);
  Command command = place.step({"--limit", "cpu=0.02"}, {"bash", "-c", "exec > >(read -r x; i=0; while [ $i -lt 1500 ]; do i=$((i+1)); done; echo last); exit 0"});
  const Run ended = run(command);
  INFO(ended);
  CHECK(ended.code() == 0);
  CHECK(ended.out == "last\n");
}

}  // namespace stepbox::feature
