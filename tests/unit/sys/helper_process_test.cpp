#include "sys/helper_process.hpp"

#include <chrono>
#include <csignal>

#include "sys/temp_tree.hpp"

using namespace stepbox::sys;
using namespace std::chrono_literals;

namespace {

constexpr const char* kShell = "/bin/sh";

std::chrono::milliseconds time_of(auto call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace

TEST_CASE("a helper's output is what it wrote to stdout, to the last byte", "[sys][helper]") {
  CHECK(run_helper(kShell, {"-c", "printf 'a\\nb'"}, 10s)->output == "a\nb");
  CHECK(run_helper(kShell, {"-c", "echo no >&2"}, 10s)->output == "");
  CHECK(run_helper(kShell, {"-c", "head -c 300000 /dev/zero"}, 10s)->output.size() == 300'000);
}

TEST_CASE("a helper's arguments reach it as they are", "[sys][helper]") {
  CHECK(run_helper(kShell, {"-c", "printf '%s|' \"$@\"", "x", "a b", "", "*", "$HOME"}, 10s)->output ==
        "a b||*|$HOME|");
}

TEST_CASE("a helper's exit code is told", "[sys][helper]") {
  CHECK(run_helper(kShell, {"-c", "exit 0"}, 10s)->exit_code == 0);
  CHECK(run_helper(kShell, {"-c", "exit 7"}, 10s)->exit_code == 7);
  CHECK(run_helper(kShell, {"-c", "kill -9 $$"}, 10s)->exit_code != 0);
}

TEST_CASE("a helper has a clean environment and no stdin", "[sys][helper]") {
  ::setenv("STEPBOX_UNIT_SECRET", "x", 1);
  const std::string output = run_helper("/usr/bin/env", {}, 10s)->output;
  ::unsetenv("STEPBOX_UNIT_SECRET");
  CHECK((output == "LC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n" ||
         output == "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n"));
  CHECK(run_helper(kShell, {"-c", "cat"}, 10s)->output == "");
}

TEST_CASE("a program that is missing or not executable is an error that names it", "[sys][helper]") {
  const stepbox::test::TempTree tree;
  for (const std::string& program : {tree / "missing", tree.file("not-executable"), tree.path()}) {
    const auto answer = run_helper(program, {}, 10s);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message.starts_with("cannot run '" + program + "': "));
  }
}

TEST_CASE("a helper that does not answer in time is killed", "[sys][helper]") {
  const stepbox::test::TempTree tree;
  const auto time = time_of([&] {
    const auto answer = run_helper(kShell, {"-c", "sleep 3; : > '" + tree / "alive" + "'"}, 100ms);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message == "'/bin/sh' did not answer within 100 ms");
  });
  CHECK(time < 2s);
  CHECK_FALSE(std::filesystem::exists(tree / "alive"));
}

TEST_CASE("a helper that ignores signals is killed too", "[sys][helper]") {
  CHECK(time_of([] {
          CHECK_FALSE(run_helper(kShell, {"-c", "trap '' TERM INT HUP; while :; do :; done"}, 100ms));
        }) < 2s);
}

TEST_CASE("a helper leaves no descriptor open", "[sys][helper]") {
  (void)run_helper("/bin/true", {}, 10s);
  const size_t before = stepbox::test::open_descriptors();
  for (int i = 0; i < 5; ++i) {
    (void)run_helper("/bin/true", {}, 10s);
    (void)run_helper("/nonexistent", {}, 10s);
    (void)run_helper("/bin/sleep", {"5"}, 10ms);
  }
  CHECK(stepbox::test::open_descriptors() == before);
}

TEST_CASE("a helper that closes its output and goes on is killed at the deadline", "[sys][helper]") {
  const auto time = time_of([] { (void)run_helper(kShell, {"-c", "exec >&-; sleep 3"}, 100ms); });
  CHECK(time < 2s);
}

namespace {
volatile std::sig_atomic_t g_children_ended = 0;
}  // namespace

TEST_CASE("a helper takes no signal handler of its caller's away", "[sys][helper]") {
  struct sigaction counting {};
  struct sigaction before {};
  counting.sa_handler = [](int) { g_children_ended = 1; };
  counting.sa_flags = SA_RESTART;
  ::sigaction(SIGCHLD, &counting, &before);
  CHECK(run_helper(kShell, {"-c", "echo x"}, 10s)->output == "x\n");
  ::sigaction(SIGCHLD, &before, nullptr);
  CHECK(g_children_ended == 1);
}
