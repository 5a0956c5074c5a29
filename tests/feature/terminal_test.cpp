// The terminal is the step's own: promise 5 at a keyboard.
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"
#include "support/terminal.hpp"

namespace stepbox::feature {
namespace {

constexpr const char* kCtrlC = "\x03";
constexpr const char* kCtrlZ = "\x1a";
constexpr const char* kPrompt = "READY> ";

bool same_settings(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_cflag == other.c_cflag &&
         one.c_lflag == other.c_lflag && std::memcmp(one.c_cc, other.c_cc, sizeof one.c_cc) == 0;
}

// The step's name for the terminal. A box has no high numbers.
std::string name_in_box(const TerminalSession& session) {
  const std::string name = session.name();
  return std::stoi(name.substr(name.rfind('/') + 1)) < 64 ? name : "/dev/console";
}

// An interactive shell like a person's, with `sb` for stepbox.
Command shell(const Place& place) {
  Command bash = place.command({"/bin/bash", "--norc", "--noprofile", "--noediting", "-i"});
  bash.environment.push_back(std::string("PS1=") + kPrompt);
  bash.environment.push_back("HISTFILE=/dev/null");
  bash.environment.push_back("STEPBOX_REPORT=" + place.report_file().string());
  return bash;
}

}  // namespace

TEST_CASE("the step has the terminal: tty, stty and test -t agree with the outside", "[terminal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(place.step(
      {}, {"sh", "-c",
           "test -t 0 && test -t 1 && test -t 2 && echo all-terminals; tty; stty size; echo to-tty > /dev/tty"}));
  CHECK(session.shows("all-terminals"));
  CHECK(session.shows(name_in_box(session)));
  CHECK(session.shows("24 80"));
  CHECK(session.shows("to-tty"));
  CHECK(session.finish() == 0);
  INFO(session.screen());
  CHECK(session.screen().find("not a tty") == std::string::npos);
  CHECK(same_settings(session.first_settings(), session.settings()));
}

TEST_CASE("the step's terminal keeps its name, and terminals that the step opens have others", "[terminal]") {
  REQUIRE_HOST(python);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(place.step({}, {"/usr/bin/python3", "-c",
                                          "import os, pty\n"
                                          "opened = [os.ttyname(pty.openpty()[1]) for i in range(20)]\n"
                                          "print('own', os.ttyname(0), os.readlink('/proc/self/fd/0'), os.ttyname(0) in opened)\n"
                                          "print('at', os.stat(os.ttyname(0)).st_rdev == os.fstat(0).st_rdev)\n"}));
  CHECK(session.shows("own " + name_in_box(session) + " " + session.name() + " False"));
  CHECK(session.shows("at True"));
  CHECK(session.finish() == 0);
  INFO(session.screen());
}

TEST_CASE("Ctrl-C reaches the step, and stepbox ends with it", "[terminal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  SECTION("a step without a handler ends by SIGINT") {
    TerminalSession session(place.step({}, {"sh", "-c", "echo ready; exec sleep 100"}));
    REQUIRE(session.shows("ready"));
    ::usleep(50'000);
    session.type(kCtrlC);
    CHECK(session.finish() == 128 + SIGINT);
  }
  SECTION("a step with a handler decides") {
    TerminalSession session(
        place.step({}, {"bash", "-c", "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done"}));
    REQUIRE(session.shows("ready"));
    session.type(kCtrlC);
    CHECK(session.shows("caught"));
    CHECK(session.finish() == 5);
  }
  SECTION("it comes once") {
    TerminalSession session(place.step({}, {"count_signals", "300"}));
    REQUIRE(session.shows("ready"));
    session.type(kCtrlC);
    CHECK(session.finish() == 3);
    INFO(session.screen());
    const size_t first = session.screen().find("got 2");
    REQUIRE(first != std::string::npos);
    CHECK(session.screen().find("got 2", first + 1) == std::string::npos);
  }
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("under an interactive shell Ctrl-Z stops the step, and fg and bg continue it", "[terminal]") {
  REQUIRE_HOST(bash_shell);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(shell(place));
  REQUIRE(session.shows(kPrompt));
  const termios before = session.settings();
  // Not dash: it uses vfork, and hangs even without a box when Ctrl-Z comes between vfork and exec.
  session.type(
      "stepbox run -- bash -c 'trap \"exit 9\" INT; echo ready; while [ ! -e go ]; do sleep 0.02; done; echo o\"\"ver; "
      "exit 7'\n");
  REQUIRE(session.shows("\nready"));
  session.type(kCtrlZ);
  REQUIRE(session.shows("Stopped"));
  REQUIRE(session.shows(kPrompt));
  CHECK(session.foreground() == session.pid());
  const fs::path go = place.make_file(place.checkout() / "go", "");
  ::usleep(300'000);
  CHECK(session.screen().find("over") == std::string::npos);
  session.type("jobs\n");
  CHECK(session.shows("Stopped"));
  CHECK(session.shows(kPrompt));
  SECTION("in the foreground") {
    session.type("fg\n");
    CHECK(session.shows("over"));
    CHECK(session.shows(kPrompt));
    session.type("echo code $?\n");
    CHECK(session.shows("\ncode 7"));
  }
  SECTION("in the background") {
    session.type("bg\n");
    CHECK(session.shows("over"));
    session.type("wait %1; echo code $?\n");
    CHECK(session.shows("code 7"));
  }
  SECTION("in the foreground, to be interrupted there") {
    fs::remove(go);
    session.type("fg\n");
    CHECK(eventually([&] { return session.foreground() != session.pid(); }));
    ::usleep(200'000);
    session.type(kCtrlC);
    CHECK(session.shows(kPrompt));
    session.type("echo code $?\n");
    const bool told = session.shows("\ncode 9");
    INFO(session.screen());
    CHECK(told);
  }
  INFO(session.screen());
  session.type("stty size; exit\n");
  CHECK(session.shows("24 80"));
  CHECK(session.finish() == 0);
  CHECK(same_settings(before, session.settings()));
}

TEST_CASE("a shell gets its terminal back after a step, and a pipeline works", "[terminal]") {
  REQUIRE_HOST(bash_shell);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(shell(place));
  REQUIRE(session.shows(kPrompt));
  session.type("stepbox run -- echo o\"\"ne | cat -A\n");
  CHECK(session.shows("one$"));
  CHECK(session.shows(kPrompt));
  session.type("echo two | stepbox run -- cat -A\n");
  CHECK(session.shows("two$"));
  CHECK(session.shows(kPrompt));
  session.type("stepbox run -- sh -c 'kill -KILL $$'\n");
  CHECK(session.shows(kPrompt));
  session.type("echo code $?; stepbox run -- true & wait\n");
  CHECK(session.shows("\ncode 137"));
  session.type("echo al\"\"ive; exit\n");
  CHECK(session.shows("alive"));
  INFO(session.screen());
  CHECK(session.finish() == 0);
}

TEST_CASE("a background step stops when it reads the terminal, and goes on in the foreground",
          "[terminal]") {
  REQUIRE_HOST(bash_shell);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(shell(place));
  REQUIRE(session.shows(kPrompt));
  session.type("stepbox run -- sh -c 'read line; echo got-$line' &\n");
  REQUIRE(session.shows(kPrompt));
  CHECK(eventually([&] {
    session.type("jobs\n");
    return session.shows("Stopped", milliseconds(400));
  }));
  session.type("fg\n");
  ::usleep(200'000);
  session.type("word\n");
  CHECK(session.shows("got-word"));
  INFO(session.screen());
  session.type("exit\n");
  CHECK(session.finish() == 0);
}

TEST_CASE("the step receives one signal for a new window size, and sees the size", "[terminal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  SECTION("the size") {
    TerminalSession session(
        place.step({}, {"bash", "-c", "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done"}));
    REQUIRE(session.shows("ready"));
    session.resize(50, 132);
    CHECK(session.shows("50 132"));
    CHECK(session.finish() == 0);
  }
  SECTION("the signal") {
    TerminalSession session(place.step({}, {"count_signals", "300"}));
    REQUIRE(session.shows("ready"));
    session.resize(50, 132);
    CHECK(session.finish() == 3);
    INFO(session.screen());
    const size_t first = session.screen().find("got 28");
    REQUIRE(first != std::string::npos);
    CHECK(session.screen().find("got 28", first + 1) == std::string::npos);
  }
}

TEST_CASE("a full-screen program works and leaves the terminal unchanged", "[terminal]") {
  REQUIRE_HOST(full_screen_pager);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  std::string text;
  for (int line = 1; line <= 200; ++line) text += "line-" + std::to_string(line) + "\n";
  place.make_file(place.checkout() / "text", text);
  TerminalSession session(place.step({}, {"less", "text"}));
  REQUIRE(session.shows("line-20"));
  session.type("G");
  CHECK(session.shows("line-200"));
  session.type("q");
  CHECK(session.finish() == 0);
  INFO(session.screen());
  CHECK(same_settings(session.first_settings(), session.settings()));
}

TEST_CASE("a password prompt reads /dev/tty without echo", "[terminal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(place.step({}, {"sh", "-c", "read_password < /dev/null"}));
  REQUIRE(session.shows("Password: "));
  CHECK((session.settings().c_lflag & ECHO) == 0);
  session.type("secret\n");
  CHECK(session.shows("length 6"));
  CHECK(session.finish() == 0);
  INFO(session.screen());
  CHECK(session.screen().find("secret") == std::string::npos);
  CHECK(same_settings(session.first_settings(), session.settings()));
}

TEST_CASE("a step cannot type into the terminal of its caller", "[terminal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(place.step({}, {"inject_input"}));
  CHECK(session.finish() == 0);
  INFO(session.screen());
  for (const char* refused : {"plain EPERM", "high EPERM", "tty EPERM", "linux EPERM"})
    CHECK(session.screen().find(refused) != std::string::npos);
}

TEST_CASE("without stepbox the same program can, so the case above can fail", "[terminal]") {
  REQUIRE_HOST(legacy_tiocsti);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(place.command({program("inject_input")}));
  CHECK(session.finish() == 0);
  INFO(session.screen());
  CHECK(session.screen().find("plain OK") != std::string::npos);
  CHECK(session.screen().find("high OK") != std::string::npos);
}

TEST_CASE("when the terminal hangs up, the step gets SIGHUP and nothing is left", "[terminal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  {
    TerminalSession session(place.step(
        {}, {"sh", "-c", "trap 'echo hung-up > hang-up; exit 1' HUP; echo ready; while :; do sleep 0.05; done"}));
    REQUIRE(session.shows("ready"));
    ::kill(session.pid(), SIGHUP);
    CHECK(session.finish() == 1);
  }
  CHECK(read_file(place.checkout() / "hang-up") == "hung-up\n");
  CHECK(processes_with(place.mark()).empty());
}

}  // namespace stepbox::feature
