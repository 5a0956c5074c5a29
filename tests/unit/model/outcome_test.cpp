#include "model/outcome.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

using namespace stepbox;

TEST_CASE("the step's exit code is stepbox's", "[model]") {
  CHECK(exit_code_of(Exited{0}) == 0);
  CHECK(exit_code_of(Exited{1}) == 1);
  CHECK(exit_code_of(Exited{255}) == 255);
}

TEST_CASE("a signal is 128 and its number, as in a shell", "[model]") {
  CHECK(exit_code_of(Signaled{SIGKILL, false}) == 137);
  CHECK(exit_code_of(Signaled{SIGSEGV, true}) == 139);
  CHECK(exit_code_of(Signaled{SIGTERM, false}) == 143);
}

TEST_CASE("a command that does not exist is 127", "[model]") {
  CHECK(exit_code_of(NotStarted{ENOENT}) == 127);
  CHECK(exit_code_of(NotStarted{ENOTDIR}) == 127);
}

TEST_CASE("a command that exists and cannot be executed is 126", "[model]") {
  CHECK(exit_code_of(NotStarted{EACCES}) == 126);
  CHECK(exit_code_of(NotStarted{ENOEXEC}) == 126);
  CHECK(exit_code_of(NotStarted{E2BIG}) == 126);
  CHECK(exit_code_of(NotStarted{ETXTBSY}) == 126);
  CHECK(exit_code_of(NotStarted{ELOOP}) == 126);
}

TEST_CASE("a box killed from outside is no exit code of the step", "[model]") {
  CHECK(exit_code_of(BoxKilled{SIGKILL}) == 125);
}

TEST_CASE("signals have their names", "[model]") {
  CHECK(signal_name(SIGTERM) == "SIGTERM");
  CHECK(signal_name(SIGKILL) == "SIGKILL");
  CHECK(signal_name(SIGSEGV) == "SIGSEGV");
  CHECK(signal_name(SIGRTMIN) == "SIGRTMIN+0");
  CHECK(signal_name(SIGRTMIN + 3) == "SIGRTMIN+3");
}

TEST_CASE("a number that is no signal is told as a number", "[model]") {
  CHECK(signal_name(99) == "signal 99");
  CHECK(signal_name(-1) == "signal -1");
}

TEST_CASE("verdicts are spelled as the report spells them", "[model]") {
  CHECK(std::string(name_of(Verdict::success)) == "success");
  CHECK(std::string(name_of(Verdict::failure)) == "failure");
  CHECK(std::string(name_of(Verdict::signal)) == "signal");
  CHECK(std::string(name_of(Verdict::disk_quota)) == "disk-quota");
  CHECK(std::string(name_of(Verdict::inode_quota)) == "inode-quota");
  CHECK(std::string(name_of(Verdict::not_found)) == "not-found");
  CHECK(std::string(name_of(Verdict::not_executable)) == "not-executable");
  CHECK(std::string(name_of(Verdict::cancelled)) == "cancelled");
  CHECK(std::string(name_of(Verdict::launcher_error)) == "launcher-error");
}
