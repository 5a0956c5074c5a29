// Standard streams pass byte for byte, and only the descriptors that the caller names reach the step.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

std::string random_bytes(size_t count) {
  std::mt19937 random(7);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace

TEST_CASE("a mebibyte of random bytes passes through stdin, stdout and stderr unchanged", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string bytes = random_bytes(1 << 20);
  SECTION("to stdout") {
    Command step = place.step({}, {"cat"});
    step.input = bytes;
    const Run copied = run(step);
    CHECK(copied.code() == 0);
    CHECK((copied.out == bytes));
    CHECK(copied.err.empty());
  }
  SECTION("to stderr") {
    Command step = place.step({}, {"sh", "-c", "cat >&2"});
    step.input = bytes;
    const Run copied = run(step);
    CHECK(copied.code() == 0);
    CHECK(copied.out.empty());
    CHECK((copied.err == bytes));
  }
}

TEST_CASE("stepbox itself reads nothing from stdin", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.root() / "lines", "one\ntwo\nthree\n");
  const Run both = run(place.command({"/bin/sh", "-c",
                                      "exec < ../lines; stepbox run -- true; read a; stepbox run -- sh -c 'read b; "
                                      "echo step $b'; read c; echo $a $c"}));
  INFO(both);
  CHECK(both.out == "step two\none three\n");
}

TEST_CASE("output is passed on at once", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"sh", "-c", "printf partial; sleep 100"}));
  CHECK(step.waits_for("partial", seconds(5)));
}

TEST_CASE("stepbox survives standard descriptors that are closed at its start", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::vector<int> closed =
      GENERATE(values<std::vector<int>>({{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}}));
  CAPTURE(caller, closed);
  const Place place(caller);
  Command step = place.step({}, {"sh", "-c", "show_descriptors > seen; echo to-stdout; echo to-stderr >&2; exit 3"});
  step.closed = closed;
  const Run ended = run(step);
  INFO(ended);
  // dash cannot write to a closed stdout; here stdout is open on /dev/null.
  CHECK(ended.code() == 3);
  const std::string seen = read_file(place.checkout() / "seen");
  INFO(seen);
  for (const int fd : closed)
    if (fd != 1) CHECK(value_of(seen, std::to_string(fd)) == "/dev/null");
  // No message of stepbox's landed in a descriptor that took a closed one's number.
  CHECK(seen.find("socket:") == std::string::npos);
}

TEST_CASE("descriptors above 2 do not reach the step", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.root() / "file", "secret");
  const int file = ::open((place.root() / "file").c_str(), O_RDWR | O_CLOEXEC);
  const int directory = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  Command step = place.step({}, {"show_descriptors"});
  step.inherited = {{file, 3}, {directory, 4}, {file, 9}, {file, 100}};
  const Run inside = run(step);
  Command bare = place.command({program("show_descriptors")});
  bare.inherited = step.inherited;
  const Run outside = run(bare);
  ::close(file);
  ::close(directory);
  INFO(inside);
  CHECK(lines_of(inside.out).size() == 3);
  // At least: the list includes what the suite itself inherited.
  CHECK(lines_of(outside.out).size() >= 7);
}

TEST_CASE("--pass-fd passes a descriptor under its own number", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.root() / "file", "from the file\n");
  const int file = ::open((place.root() / "file").c_str(), O_RDONLY | O_CLOEXEC);
  Command step = place.step({"--pass-fd", "7", "--pass-fd", "20"}, {"sh", "-c", "cat <&7; show_descriptors"});
  step.inherited = {{file, 7}, {file, 20}, {file, 8}};
  const Run inside = run(step);
  ::close(file);
  INFO(inside);
  CHECK(inside.out.starts_with("from the file\n"));
  CHECK_FALSE(value_of(inside.out, "7").empty());
  CHECK_FALSE(value_of(inside.out, "20").empty());
  CHECK(value_of(inside.out, "8").empty());
}

TEST_CASE("a directory is never passed", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int flags = GENERATE(O_RDONLY | O_DIRECTORY, O_PATH | O_DIRECTORY);
  CAPTURE(caller, flags);
  const Place place(caller);
  const int directory = ::open("/", flags | O_CLOEXEC);
  Command step = place.step({}, {"sh", "-c", "echo ran > canary"});
  SECTION("by name") {
    step = place.step({"--pass-fd", "7"}, {"sh", "-c", "echo ran > canary"});
    step.inherited = {{directory, 7}};
  }
  SECTION("as stdin") {
    step.stdin_fd = directory;
  }
  const Run refused = run(step);
  ::close(directory);
  INFO(refused);
  CHECK(refused.code() == 125);
  CHECK(refused.err.find("directory") != std::string::npos);
  CHECK_FALSE(fs::exists(place.checkout() / "canary"));
}

TEST_CASE("a make jobserver works through stepbox", "[descriptors]") {
  REQUIRE_HOST(gnu_make);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "Makefile",
                  "all:\n\t+@stepbox run -- $(MAKE) --no-print-directory sub\n"
                  "sub: a b c d\n\t@echo flags $(MAKEFLAGS)\n"
                  "a b c d:\n\t@echo $@ > $@.begun; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "
                  "[ $$(ls *.begun | wc -l) = 4 ] && exit 0; sleep 0.1; done; echo alone; exit 1\n");
  const Run made = run(place.command({"/usr/bin/make", "-j4"}));
  INFO(made);
  // Each of the four jobs waits for the other three, so they can end only if they ran side by side.
  CHECK(made.code() == 0);
  CHECK(made.out.find("alone") == std::string::npos);
  CHECK(made.err.find("jobserver unavailable") == std::string::npos);
  CHECK(made.out.find("--jobserver") != std::string::npos);
}

TEST_CASE("socket activation reaches the step, with the pid that the step checks", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  Command step = place.command(
      {"/bin/sh", "-c",
       "LISTEN_FDS=1 LISTEN_PID=$$ exec stepbox run -- sh -c 'echo pid $$ $LISTEN_PID; show_descriptors'"});
  step.inherited = {{ends[0], 3}};
  const Run inside = run(step);
  ::close(ends[0]);
  ::close(ends[1]);
  INFO(inside);
  CHECK(inside.code() == 0);
  CHECK(value_of(inside.out, "pid") == "2 2");
  CHECK(value_of(inside.out, "3").starts_with("socket:"));
}

TEST_CASE("a reader that goes away ends the step by SIGPIPE, as without stepbox", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run piped = run(place.command({"/bin/bash", "-c", "stepbox run -- yes | head -1; echo ${PIPESTATUS[0]}"}));
  INFO(piped);
  CHECK(piped.out == "y\n141\n");
}

TEST_CASE("the report can go to a descriptor, and stdout stays the step's", "[descriptors]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run reported = run(place.command({"/bin/sh", "-c", "stepbox run --report /dev/fd/9 -- echo out 9> ../report"}));
  INFO(reported);
  CHECK(reported.out == "out\n");
  CHECK(verdict_of(Json::parse(read_file(place.root() / "report"))) == "success");
}

}  // namespace stepbox::feature
