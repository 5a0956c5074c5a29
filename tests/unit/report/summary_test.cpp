#include <catch2/catch.hpp>
#include <csignal>

#include "report/report.hpp"
#include "report/sample_report.hpp"

using namespace stepbox;
using namespace stepbox::test;
using report::is_noteworthy;
using report::SummaryStyle;

namespace {

Report told(Report report) {
  report.verdict = report::verdict_of(report);
  report.sentence = report::sentence_of(report);
  return report;
}

Report with_strays(std::vector<std::string> comms) {
  Report report = plain_report(Exited{0});
  for (std::string& comm : comms) report.strays.push_back({static_cast<int>(report.strays.size()) + 10, std::move(comm)});
  report.stray_count = report.strays.size();
  return told(report);
}

Protection protection(bool requested, ProtectionState state, std::string reason) {
  return {"quota", requested, state, std::move(reason)};
}

std::string plain(const Report& report) { return report::summary(report, SummaryStyle::plain); }
std::string github(const Report& report) { return report::summary(report, SummaryStyle::github); }

}  // namespace

TEST_CASE("a success is not worth a line", "[report]") {
  CHECK_FALSE(is_noteworthy(told(plain_report(Exited{0}))));
}

TEST_CASE("every failure is worth a line", "[report]") {
  CHECK(is_noteworthy(told(plain_report(Exited{1}))));
  CHECK(is_noteworthy(told(plain_report(Signaled{SIGSEGV, false}))));
  CHECK(is_noteworthy(told(plain_report(NotStarted{ENOENT}))));
}

TEST_CASE("a quota reached is worth a line even after success", "[report]") {
  CHECK(is_noteworthy(told(full_cache_report(Exited{0}))));
}

TEST_CASE("strays and leftovers are worth a line", "[report]") {
  CHECK(is_noteworthy(with_strays({"sleep"})));
  Report report = told(plain_report(Exited{0}));
  report.leftovers = {"cgroup '/stepbox-4711'"};
  CHECK(is_noteworthy(report));
  CHECK(plain(report) == "the step succeeded; left over: cgroup '/stepbox-4711'");
}

TEST_CASE("a protection counts only where it was asked for", "[report]") {
  Report report = told(plain_report(Exited{0}));
  report.protections = {protection(false, ProtectionState::off, "not asked for")};
  CHECK_FALSE(is_noteworthy(report));
  report.protections = {protection(true, ProtectionState::active, "")};
  CHECK_FALSE(is_noteworthy(report));
  report.protections = {protection(true, ProtectionState::degraded, "there is no memory limit")};
  CHECK(is_noteworthy(report));
  CHECK(plain(report) == "the step succeeded; protection 'quota' is degraded (there is no memory limit)");
}

TEST_CASE("one stray is told in the singular", "[report]") {
  CHECK(plain(with_strays({"sleep"})) == "the step succeeded; 1 process left running was killed: sleep");
}

TEST_CASE("strays of one name are counted", "[report]") {
  CHECK(plain(with_strays({"sleep", "java", "sleep"})) ==
        "the step succeeded; 3 processes left running were killed: sleep (2), java");
}

TEST_CASE("a long list of strays is cut, and its rest counted", "[report]") {
  Report report = with_strays({"a", "b", "c", "d", "e", "f", "e"});
  report.stray_count = 100;
  CHECK(plain(report) ==
        "the step succeeded; 100 processes left running were killed: a, b, c, d, e (2) and 94 more");
}

TEST_CASE("a process name cannot play with the terminal", "[report]") {
  CHECK(plain(with_strays({"\x1b[2J\n"})) ==
        "the step succeeded; 1 process left running was killed: \\x1b[2J\\n");
}

TEST_CASE("strays that were not named are still counted", "[report]") {
  Report report = told(plain_report(Exited{0}));
  report.stray_count = 2;
  CHECK(plain(report) == "the step succeeded; 2 processes left running were killed");
}

TEST_CASE("a summary that was asked for tells time and space", "[report]") {
  Report report = told(plain_report(Exited{0}));
  report.time.wall = 1.234;
  report.volumes[0].peak_bytes = 1536 * kMiB;
  CHECK(plain(report) ==
        "the step succeeded in 1.23 s; 'workspace' held up to 1.5 GiB of 8 GiB; 'cache' held up to 0 B of 4 GiB");
  report.time.wall = 4711.6;
  CHECK(plain(report).starts_with("the step succeeded in 4712 s;"));
}

TEST_CASE("outside of log mode there is no line about calls", "[report]") {
  CHECK(report::seccomp_log_lines(plain_report(Exited{0})).empty());
  CHECK(report::to_json(plain_report(Exited{0})).find("\"log\": null") != std::string::npos);
}

TEST_CASE("in log mode each kind of call has a line", "[report]") {
  Report report = plain_report(Exited{0});
  report.seccomp_profile = "default";
  report.seccomp_log.emplace();
  const std::string beginning = "seccomp profile 'default' would have refused ";
  CHECK(report::seccomp_log_lines(report) == std::vector<std::string>{beginning + "nothing"});
  report.seccomp_log->calls = {{.name = "keyctl", .architecture = "x86_64", .count = 1, .process = "a\n", .arguments = {0xff}, .groups = {"keyrings"}},
                               {.name = "bpf", .architecture = "i386", .is_native = false, .count = 2, .groups = {"a", "b"}}};
  report.seccomp_log->unlisted = 1;
  CHECK(report::seccomp_log_lines(report) ==
        std::vector<std::string>{beginning + "keyctl 1 time (group keyrings), first by 'a\\n' with 0xff 0x0 0x0 0x0 0x0 0x0",
                                 beginning + "bpf (i386) 2 times (groups a, b), first by a process with 0x0 0x0 0x0 0x0 0x0 0x0",
                                 beginning + "1 more call, of kinds that are not listed"});
}

TEST_CASE("GitHub gets an error for a failure and a warning for the rest", "[report]") {
  CHECK(github(told(plain_report(Exited{1}))) == "::error title=stepbox::the step exited with code 1");
  CHECK(github(with_strays({"sleep"})) ==
        "::warning title=stepbox::the step succeeded; 1 process left running was killed: sleep");
  CHECK(github(told(plain_report(Exited{0}))).starts_with("::notice title=stepbox::the step succeeded in"));
}

TEST_CASE("GitHub's own escapes are used in a message", "[report]") {
  Report report = plain_report(Exited{1});
  report.verdict = Verdict::failure;
  report.sentence = "50% of\r\nit, a::b";
  CHECK(github(report) == "::error title=stepbox::50%25 of%0D%0Ait, a::b");
}
