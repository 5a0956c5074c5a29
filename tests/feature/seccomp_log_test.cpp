// Seccomp's log mode: it refuses no call, and lists every call that the profile would have refused.
#include <map>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

Json log_of(const Place& place) { return place.report().at("seccomp").at("log"); }

// The record of the call; null where the log does not list it.
Json logged(const Json& log, const std::string& call, const std::string& architecture) {
  for (const Json& record : log.at("calls"))
    if (record.at("call") == call && record.at("architecture") == architecture) return record;
  return nullptr;
}

#if defined(__x86_64__)
constexpr const char* kNative = "x86_64";
#else
constexpr const char* kNative = "aarch64";
#endif

}  // namespace

TEST_CASE("in log mode the kernel answers calls, and the report lists them with their count", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({"--seccomp-log"}, {"refused_calls", "1", "3"});
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "KERNEL\n");
  CHECK(ran.err.find("seccomp profile 'default' would have refused keyctl 3 times (group keyrings), first by 'refused_calls' with 0x63 ") !=
        std::string::npos);
  const Json log = log_of(place);
  INFO(log.dump());
  REQUIRE(log.at("calls").size() == 1);
  const Json call = logged(log, "keyctl", kNative);
  REQUIRE_FALSE(call.is_null());
  CHECK(call.at("count") == 3);
  CHECK(call.at("process") == "refused_calls");
  CHECK(call.at("arguments").at(0) == "0x63");
  CHECK(log.at("unlisted") == 0);
}

TEST_CASE("log mode lists every call that a profile refuses, by each entry", "[seccomp]") {
  const Place place(Caller::user);
  const std::string profile = GENERATE("default", "strict");
  CAPTURE(profile);
  const Run refused = place.run_step({"--seccomp", profile}, {"try_calls", profile});
  const Run ran = place.run_step({"--seccomp-log", "--seccomp", profile}, {"try_calls", profile});
  INFO(ran);
  REQUIRE(ran.code() == 0);
  CHECK(ran.out != refused.out);
  std::map<std::pair<std::string, std::string>, int> tried;
  for (const std::string& line : lines_of(ran.out)) {
    const size_t at = line.find(' ');
    const bool native = line.substr(at + 1).starts_with("native ");
    ++tried[{line.substr(0, at), native ? kNative : "i386"}];
  }
  const Json log = log_of(place);
  for (const auto& [call, count] : tried) {
    CAPTURE(call.first, call.second);
    const Json record = logged(log, call.first, call.second);
    REQUIRE_FALSE(record.is_null());
    CHECK(record.at("count") >= count);
    CHECK_FALSE(record.at("groups").empty());
  }
}

TEST_CASE("log mode lists nothing for a harmless step, and keeps its output and exit code", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({"--seccomp-log"}, {"sh", "-c", "echo hello; exit 7"});
  INFO(ran);
  CHECK(ran.code() == 7);
  CHECK(ran.out == "hello\n");
  CHECK(ran.err.find("would have refused nothing") != std::string::npos);
  CHECK(log_of(place).at("calls").empty());
  CHECK(place.run_step({"--seccomp-log", "--summary", "never"}, {"refused_calls", "1", "1"}).err.empty());
  REQUIRE(place.run_step({}, {"true"}).code() == 0);
  CHECK(log_of(place).is_null());
}

TEST_CASE("log mode needs no box", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({"--seccomp-log", "--isolation", "env"}, {"refused_calls", "2", "3"});
  INFO(ran);
  CHECK(ran.out == "KERNEL\n");
  CHECK(logged(log_of(place), "keyctl", kNative).at("count") == 6);
}

TEST_CASE("concurrent calls of many threads are all counted", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({"--seccomp-log"}, {"refused_calls", "10", "200"});
  INFO(ran);
  CHECK(ran.out == "KERNEL\n");
  CHECK(logged(log_of(place), "keyctl", kNative).at("count") == 2000);
}

TEST_CASE("calls that signals interrupt while stepbox looks at them are made again", "[seccomp]") {
  const Place place(Caller::user);
  const Run ran = place.run_step({"--seccomp-log"}, {"refused_calls", "2", "20000", "100"});
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "KERNEL\n");
  // Now and then the kernel interrupts a call that stepbox has answered already. Most of the signals, thousands in
  // this time, interrupt one that has no answer yet.
  CHECK(logged(log_of(place), "keyctl", kNative).at("count") >= 40'000);
  CHECK(logged(log_of(place), "keyctl", kNative).at("count") < 41'000);
}

TEST_CASE("the time limit ends a step that never stops calling", "[seccomp]") {
  const Place place(Caller::user);
  const Run ran = place.run_step({"--seccomp-log", "--timeout", "300ms", "--grace", "100ms"},
                                 {"sh", "-c", "trap '' TERM; exec refused_calls 10 1000000000"});
  INFO(ran);
  CHECK(ran.code() == 124);
  // Stepbox ended it. Init would have done so five seconds later, and takes no snapshot.
  CHECK(place.report().at("diagnostics").size() == 1);
  CHECK(place.report().at("time").at("wall") < 4 * patience_factor());
  CHECK(logged(log_of(place), "keyctl", kNative).at("count") > 10);
}

TEST_CASE("callers that are killed while their calls are pending block nothing", "[seccomp]") {
  const Place place(Caller::user);
  const Run ran = place.run_step({"--seccomp-log"},
                                 {"sh", "-c",
                                  "for i in 1 2 3 4 5 6 7 8; do refused_calls 10 1000000000 & sleep 0.02; kill -9 $!; wait $!; "
                                  "done; refused_calls 1 5; exit 9"});
  INFO(ran);
  CHECK_FALSE(ran.timed_out);
  CHECK(ran.code() == 9);
  CHECK(ran.out == "KERNEL\n");
}

TEST_CASE("a profile that refuses the calls that start the step is still logged", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string file =
      place.make_file(place.checkout() / "profile.yaml",
                      "version: 1\ngroups:\n  - {name: start, why: a test, refuse: [{calls: [sendmsg, sendto, execve], answer: "
                      "kill}, {calls: [rt_sigprocmask, exit_group], answer: success}]}\n");
  const Run ran = place.run_step({"--seccomp-log", "--seccomp", file}, {"true"});
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(logged(log_of(place), "execve", kNative).at("count") >= 1);
  CHECK(logged(log_of(place), "execve", kNative).at("groups") == Json({"start"}));
  CHECK(logged(log_of(place), "exit_group", kNative).at("count") == 1);
}

TEST_CASE("log mode is reported as no protection, and refused where seccomp is required", "[seccomp]") {
  const Place place(Caller::user);
  const Run ran = place.run_step({"--seccomp-log"}, {"true"});
  INFO(ran);
  CHECK(ran.err.find("protection 'seccomp' is degraded (profile default, log mode: nothing is refused)") != std::string::npos);
  const Run required = place.run_step({"--seccomp-log", "--require", "seccomp"}, {"true"});
  INFO(required);
  CHECK(what_is_wrong_with_refusal(required).empty());
  const Run off = place.run_step({"--seccomp-log", "--seccomp", "off"}, {"true"});
  INFO(off);
  CHECK(what_is_wrong_with_refusal(off).empty());
  const Run explained = run(place.command({program("stepbox"), "explain", "--seccomp-log", "--", "true"}));
  CHECK(explained.out.find("\n  log mode ") != std::string::npos);
}

TEST_CASE("a project cannot switch log mode on", "[seccomp]") {
  const Place place(Caller::user);
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nseccomp-log: true\n");
  const Run ran = place.run_step({}, {"true"});
  INFO(ran);
  CHECK(what_is_wrong_with_refusal(ran).empty());
  CHECK(ran.err.find("seccomp-log: true is wider than the false of default:") != std::string::npos);
}

TEST_CASE("one log mode inside another is refused with its cause, any other box is not", "[seccomp]") {
  const Place place(Caller::user);
  const std::string inner = program("stepbox");
  const Run twice = place.run_step({"--seccomp-log"}, {inner, "run", "--seccomp-log", "--", "true"});
  INFO(twice);
  CHECK(twice.code() == 125);
  CHECK(twice.err.find("(EBUSY)\nhint: an outer seccomp filter has a listener already") != std::string::npos);
  const Run once = place.run_step({"--seccomp-log"}, {inner, "run", "--", "refused_calls", "1", "1"});
  INFO(once);
  CHECK(once.out == "FILTER\n");
}

}  // namespace stepbox::feature
