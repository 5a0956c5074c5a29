// A signal reaches the same processes of the step, once each, as it would without stepbox, however the caller sent it.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

enum class Sent { process, group, everyone, everyone_slowly, everyone_with_cookie };

std::ostream& operator<<(std::ostream& out, Sent sent) {
  constexpr const char* kNames[] = {"to the process", "to its group", "to every process", "to every process, parents first, with a pause",
                                    "to every process that its user finds by a variable"};
  return out << kNames[static_cast<size_t>(sent)];
}

constexpr Sent kAll[] = {Sent::process, Sent::group, Sent::everyone, Sent::everyone_slowly, Sent::everyone_with_cookie};

// Parents first, as the kernel lists them.
std::vector<pid_t> family_of(pid_t pid) {
  std::vector<pid_t> family{pid};
  for (size_t i = 0; i < family.size(); ++i)
    for (const pid_t child : children_of(family[i])) family.push_back(child);
  return family;
}

// Reads /proc as the caller: a CI engine that is not root cannot see the variables of every process.
void signal_by_cookie(const Place& place, int signal) {
  const pid_t engine = in_child::fork_without_handlers();
  if (engine == 0) {
    become(place.caller());
    for (const pid_t pid : processes_with(place.mark())) ::kill(pid, signal);
    ::_exit(0);
  }
  ::waitpid(engine, nullptr, 0);
}

void send(const Place& place, const Process& stepbox, Sent how, int signal) {
  constexpr useconds_t kPause = 2'000;
  switch (how) {
    case Sent::process: stepbox.signal(signal); break;
    case Sent::group: stepbox.signal_group(signal); break;
    case Sent::everyone:
      for (const pid_t pid : family_of(stepbox.pid())) ::kill(pid, signal);
      break;
    case Sent::everyone_slowly:
      for (const pid_t pid : family_of(stepbox.pid())) {
        ::kill(pid, signal);
        ::usleep(kPause);
      }
      break;
    case Sent::everyone_with_cookie: signal_by_cookie(place, signal); break;
  }
}

pid_t witness_of(const Process& stepbox) {
  for (const pid_t child : children_of(stepbox.pid()))
    if (read_file("/proc/" + std::to_string(child) + "/comm") == "witness\n") return child;
  return -1;
}

std::string got(int signal) { return "got " + std::to_string(signal) + "\n"; }

// What the step has received, and what it should have received.
std::pair<std::string, std::string> send_one_after_the_other(const Place& place) {
  Process step(place.step({}, {"count_signals", "300", "0", "8"}));
  REQUIRE(step.waits_for("ready\n"));
  std::string expected = "ready\n";
  for (const Sent how : {Sent::everyone, Sent::process, Sent::everyone, Sent::group, Sent::everyone_slowly, Sent::group, Sent::process, Sent::everyone}) {
    CAPTURE(how);
    send(place, step, how, SIGTERM);
    expected += got(SIGTERM);
    REQUIRE(step.waits_for(expected));
    // Waits until stepbox has decided, or it would take the next signal for a copy of this one.
    ::usleep(60'000);
  }
  return {step.finish().out, expected};
}

}  // namespace

TEST_CASE("a signal reaches the step once, however it was sent", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Sent how = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGCONT);
  CAPTURE(caller, how, signal);
  const Place place(caller);
  Process step(place.step({}, {"count_signals", "200"}));
  REQUIRE(step.waits_for("ready\n"));
  send(place, step, how, signal);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.out == "ready\n" + got(signal));
  CHECK(ended.code() == 3);
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("a signal reaches the step once without a box too, however it was sent", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Sent how = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  const std::string mode = GENERATE("landlock", "env");
  CAPTURE(caller, how, mode);
  const Place place(caller);
  Process step(place.step({"--isolation", mode}, {"count_signals", "200"}));
  REQUIRE(step.waits_for("ready\n"));
  send(place, step, how, SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.out == "ready\n" + got(SIGTERM));
  CHECK(ended.code() == 3);
  CHECK(processes_with(place.mark()).empty());
}

// On a very busy machine one signal of several may come 20 ms after the others and count as a separate one: one try in
// five has to be in time.
TEST_CASE("signals that are sent one after the other each reach the step once", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  constexpr int kTries = 5;
  auto [got_of_them, expected] = send_one_after_the_other(place);
  for (int i = 1; i < kTries && got_of_them != expected; ++i) std::tie(got_of_them, expected) = send_one_after_the_other(place);
  CHECK(got_of_them == expected);
}

TEST_CASE("a signal to the caller's group reaches the step's whole group, so that a shell's trap need not wait for "
          "its child", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string mode = GENERATE("full", "landlock", "env");
  const Sent how = GENERATE(Sent::group, Sent::everyone, Sent::everyone_slowly, Sent::everyone_with_cookie);
  CAPTURE(caller, mode, how);
  const Place place(caller);
  Command command = place.step({"--isolation", mode}, {"sh", "-c", "trap 'echo bye; exit 3' TERM; (echo ready; exec sleep 1000)"});
  command.timeout = seconds(20);
  Process step(command);
  REQUIRE(step.waits_for("ready\n"));
  send(place, step, how, SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK_FALSE(ended.timed_out);
  CHECK(ended.out == "ready\nbye\n");
  CHECK(ended.code() == 3);
}

TEST_CASE("under timeout(1) a step ends as it does without stepbox", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::vector<std::string> step{"sh", "-c", "trap 'echo bye; exit 3' TERM; (exec sleep 1000)"};
  const auto under_timeout = [](std::vector<std::string> argv) {
    argv.insert(argv.begin(), {"timeout", "--preserve-status", "-k", "20", "1"});
    return argv;
  };
  Command inside = place.step({}, step);
  inside.argv = under_timeout(inside.argv);
  const Run ended = run(inside);
  const Run bare = run(place.command(under_timeout(step)));
  INFO(ended);
  CHECK(ended.out == bare.out);
  CHECK(ended.code() == bare.code());
  CHECK(verdict_of(place.report()) == "cancelled");
}

TEST_CASE("a search for stepbox's command line, or for a variable that the step lacks, does not find the witness",
          "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command command = place.step({"--unset-env", "COOKIE"}, {"sh", "-c", "echo ready; exec sleep 1000"});
  command.environment.push_back("COOKIE=4711");
  Process step(command);
  REQUIRE(step.waits_for("ready\n"));
  const auto of_witness = [&](const char* file) { return read_file("/proc/" + std::to_string(witness_of(step)) + "/" + file); };
  CHECK(eventually([&] { return std::string(of_witness("cmdline").c_str()) == "witness"; }));
  CHECK(of_witness("environ").find(place.mark()) != std::string::npos);
  CHECK(of_witness("environ").find("COOKIE") == std::string::npos);
}

TEST_CASE("the witness holds nothing of the caller's, and dies with stepbox or the box", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string mode = GENERATE("full", "env");
  const bool is_apart = GENERATE(false, true);
  CAPTURE(caller, mode, is_apart);
  const Place place(caller);
  Process step(place.step({"--isolation", mode}, {"sh", "-c", "echo ready; exec sleep 1000"}));
  REQUIRE(step.waits_for("ready\n"));
  if (is_apart) CHECK(eventually([&] { return read_file("/proc/" + std::to_string(witness_of(step)) + "/cmdline").starts_with("witness"); }));
  REQUIRE(eventually([&] { return witness_of(step) > 0; }));
  const pid_t witness = witness_of(step);
  const std::string folder = "/proc/" + std::to_string(witness);
  CHECK(eventually([&] { return ::getpgid(witness) == witness; }));
  const auto holds_nothing = [&] {
    const auto open = fs::directory_iterator(folder + "/fd");
    return std::all_of(begin(open), end(open), [](const auto& entry) { return fs::read_symlink(entry.path()) == "anon_inode:[pidfd]"; });
  };
  CHECK(eventually(holds_nothing));
  SECTION("when stepbox is killed") {
    step.signal(SIGKILL);
    const Run ended = step.finish();
    CHECK_FALSE(ended.output_left_open);
    CHECK(eventually([&] { return processes_with(place.mark()).empty(); }));
  }
  SECTION("when the box is killed while stepbox is stopped") {
    const pid_t init = init_of(step.pid());
    step.signal(SIGSTOP);
    CHECK(eventually([&] { return state_of(step.pid()) == 'T'; }));
    ::kill(init, SIGKILL);
    CHECK(eventually([&] { return state_of(witness) == 'Z'; }));
    step.signal(SIGKILL);
  }
}

TEST_CASE("a step whose witness is killed goes on, and still receives signals", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process step(place.step({}, {"count_signals", "200"}));
  REQUIRE(step.waits_for("ready\n"));
  REQUIRE(eventually([&] { return witness_of(step) > 0; }));
  ::kill(witness_of(step), SIGKILL);
  step.signal(SIGTERM);
  CHECK(step.finish().out == "ready\n" + got(SIGTERM));
}

// If an outer layer walks over all processes at the same deadline, that is one request, not two.
TEST_CASE("a signal during the grace is counted once, however it was sent", "[signals]") {
  const Caller caller = GENERATE(from_range(callers()));
  const Sent how = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  CAPTURE(caller, how);
  const Place place(caller);
  Process step(place.step({"--timeout", "500ms", "--grace", "30s"},
                          {"sh", "-c", "trap 'echo asked' TERM; while [ ! -e over ]; do sleep 0.01; done; echo over; exit 4"}));
  REQUIRE(step.waits_for("asked\n"));
  send(place, step, how, SIGTERM);
  ::usleep(60'000);
  place.make_file(place.checkout() / "over", "");
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == 124);
  CHECK(ended.out.ends_with("over\n"));
}

}  // namespace stepbox::feature
