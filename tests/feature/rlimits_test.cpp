// Each limit near zero, one at a time: the step runs, or there is one clear error; never a crash, never a hang.
#include <sys/personality.h>
#include <sys/resource.h>

#include <csignal>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

struct Limit {
  const char* name;
  __rlimit_resource resource;
  rlim_t value;
};
std::ostream& operator<<(std::ostream& out, const Limit& limit) {
  return out << limit.name << " at " << limit.value;
}

std::vector<Limit> limits() {
  return {{"NOFILE", RLIMIT_NOFILE, 0},
          {"NOFILE", RLIMIT_NOFILE, 3},
#ifndef STEPBOX_INSTRUMENTED
          // UBSan opens a pipe before it looks at an object's type, and takes its failure for a wrong type.
          {"NOFILE", RLIMIT_NOFILE, 8},
#endif
          {"NPROC", RLIMIT_NPROC, 0},
          {"FSIZE", RLIMIT_FSIZE, 0},
          {"CORE", RLIMIT_CORE, 0},
          {"AS", RLIMIT_AS, 0},
          // Less than the program itself needs: the kernel kills it before its first line.
          {"AS", RLIMIT_AS, 8 << 20},
          {"DATA", RLIMIT_DATA, 0},
          {"STACK", RLIMIT_STACK, 0},
          {"STACK", RLIMIT_STACK, 4096},
          {"STACK", RLIMIT_STACK, 8192},
          {"STACK", RLIMIT_STACK, 16384},
          {"STACK", RLIMIT_STACK, 32768},
          {"STACK", RLIMIT_STACK, 65536},
          {"MEMLOCK", RLIMIT_MEMLOCK, 0},
          {"SIGPENDING", RLIMIT_SIGPENDING, 0},
          {"MSGQUEUE", RLIMIT_MSGQUEUE, 0},
          {"NICE", RLIMIT_NICE, 0}};
}

void set(const Limit& limit) {
  const rlimit wanted{limit.value, limit.value};
  in_child::must(::setrlimit(limit.resource, &wanted) == 0, "setrlimit");
}

// Called as stepbox is, but a program that does nothing: static, or instrumented where stepbox is. It uses a little
// more stack than stepbox needs before its own code runs.
Command bare_program_like(const Command& step) {
  Command bare = step;
  bare.argv.front() = program("use_stack");
  bare.argv.insert(bare.argv.begin() + 1, "2048");
  return bare;
}

// The box adds variables, so the step can run out of stack where stepbox had enough.
bool step_died_of_its_stack(const Limit& limit, const Run& ran, const Place& place) {
  return limit.resource == RLIMIT_STACK && ran.code() == 128 + SIGSEGV && verdict_of(place.report()) == "signal";
}

}  // namespace

TEST_CASE("with any limit near zero the step runs, or stepbox gives one clear error", "[rlimits]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Limit limit = GENERATE(from_range(limits()));
  CAPTURE(caller, limit);
  const Place place(caller);
  Command step = place.step({}, {"end_with", "code", "7"});
  step.as_caller = [&] {
    // Otherwise luck decides how much room the first stack page has.
    ::personality(ADDR_NO_RANDOMIZE);
    set(limit);
  };
  step.timeout = seconds(10);
  const Run ran = run(step);
  // The oracle: under some limits no program can start at all.
  const bool starts_outside = run(bare_program_like(step)).code() == 7;
  INFO(ran);
  CAPTURE(starts_outside);
  CHECK_FALSE(ran.timed_out);
  if (!starts_outside) {
    CHECK(ran.code() != 0);
  } else if (ran.code() != 7 && !step_died_of_its_stack(limit, ran, place)) {
    CHECK(ran.code() == 125);
    CHECK(ran.err.starts_with("stepbox: "));
    CHECK(ran.err.find("hint: ") != std::string::npos);
    CHECK(ran.err.find("internal error") == std::string::npos);
  }
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("the step has the caller's limits", "[rlimits]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::vector<std::string> show = {"/bin/sh", "-c", "grep -v -i core /proc/self/limits"};
  Command step = place.step({}, show);
  step.as_caller = [] {
    set({"NOFILE", RLIMIT_NOFILE, 100});
    set({"FSIZE", RLIMIT_FSIZE, 1 << 20});
    set({"STACK", RLIMIT_STACK, 256 << 10});  // stepbox itself works around this one
  };
  Command bare = place.command(show);
  bare.as_caller = step.as_caller;
  const Run inside = run(step);
  INFO(inside);
  CHECK(inside.code() == 0);
  CHECK(inside.out == run(bare).out);
}

}  // namespace stepbox::feature
