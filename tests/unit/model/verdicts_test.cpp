#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <set>

#include "model/outcome.hpp"

using namespace stepbox;

TEST_CASE("no two verdicts are spelled alike", "[model]") {
  std::set<std::string_view> words;
  for (const VerdictRow& row : kVerdicts) CHECK(words.insert(row.word).second);
}

TEST_CASE("the exit code goes with the verdict", "[model]") {
  CHECK(exit_code_of(Verdict::success, Exited{0}) == 0);
  CHECK(exit_code_of(Verdict::failure, Exited{3}) == 3);
  CHECK(exit_code_of(Verdict::signal, Signaled{SIGTERM, false}) == 128 + SIGTERM);
  CHECK(exit_code_of(Verdict::disk_quota, Exited{1}) == 1);
  CHECK(exit_code_of(Verdict::seccomp, Signaled{SIGSYS, false}) == 128 + SIGSYS);
  CHECK(exit_code_of(Verdict::not_found, NotStarted{ENOENT}) == kExitNotFound);
  CHECK(exit_code_of(Verdict::not_executable, NotStarted{EACCES}) == kExitNotExecutable);
  CHECK(exit_code_of(Verdict::cancelled, CancelledBefore{SIGINT}) == 128 + SIGINT);
  CHECK(exit_code_of(Verdict::launcher_error, BoxKilled{SIGKILL}) == kExitLauncher);
}

TEST_CASE("a deadline counts, whatever the step ends with in its grace", "[model]") {
  CHECK(exit_code_of(Verdict::timeout, Exited{0}) == kExitDeadline);
  CHECK(exit_code_of(Verdict::silence, Signaled{SIGKILL, false}) == kExitDeadline);
}

TEST_CASE("a step that lost a process to the memory limit has not succeeded", "[model]") {
  CHECK(exit_code_of(Verdict::out_of_memory, Exited{0}) == 128 + SIGKILL);
  CHECK(exit_code_of(Verdict::out_of_memory, Exited{2}) == 2);
}
