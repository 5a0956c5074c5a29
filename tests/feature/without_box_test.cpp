// The weaker modes, for places that allow no namespaces: they keep their promises, and clean up after themselves.
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include <catch2/catch.hpp>

#include "support/control_group.hpp"
#include "support/filter.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

const HostFeature landlock = {
    "Landlock that lets files be moved (Linux 5.19)",
    [] { return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 2; },
    "boot with landlock in the kernel's list lsm="};

bool can_have(const std::string& mode) { return mode == "env" || host_has(landlock); }

// A place that keeps the directories of its steps apart from those of other places.
class Apart {
 public:
  explicit Apart(Caller caller) : place_(caller), tmp_(place_.make_directory(place_.root() / "t")) {}

  const Place& operator*() const { return place_; }
  const Place* operator->() const { return &place_; }

  Command step(std::vector<std::string> options, const std::string& script) const {
    Command command = place_.step(std::move(options), {"sh", "-c", script});
    std::erase_if(command.environment, [](const std::string& entry) { return entry.starts_with("TMPDIR="); });
    command.environment.push_back("TMPDIR=" + tmp_.string());
    return command;
  }
  // What remains where these directories are made.
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(tmp_)) names.push_back(entry.path().filename());
    return names;
  }
  Run sweep() const {
    Command command = place_.command({program("stepbox").string(), "sweep"});
    command.environment.push_back("TMPDIR=" + tmp_.string());
    return run(command);
  }
  bool is_clean() const {
    return eventually([this] { return left().empty() && processes_with(place_.mark()).empty(); });
  }

 private:
  Place place_;
  fs::path tmp_;
};

struct Helpers {
  pid_t keeper;     // a child of stepbox
  pid_t subreaper;  // its child, the parent of the step
};

Helpers helpers_of(pid_t stepbox) {
  const pid_t keeper = init_of(stepbox);
  REQUIRE(keeper > 0);
  const auto subreapers = children_of(keeper);
  REQUIRE(subreapers.size() == 1);
  return {keeper, subreapers[0]};
}

std::vector<std::string> only(const std::string& mode) { return {"--isolation", mode}; }

}  // namespace

TEST_CASE("a weaker mode gives the step a directory of its own, and removes it", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string mode = GENERATE("landlock", "env");
  CAPTURE(caller, mode);
  if (!can_have(mode)) return;
  const Apart apart(caller);
  const Run ended = run(apart.step(only(mode),
                                   "set -e; echo $TMPDIR; for d in $TMPDIR $HOME $GOCACHE $XDG_CACHE_HOME; do mkdir $d/d; "
                                   "echo x > $d/d/f; mv $d/d/f $d/g; done; echo made > made; exit 7"));
  INFO(ended);
  CHECK(ended.code() == 7);
  CHECK(ended.out.starts_with((apart->root() / "t/stepbox-box-").string()));
  CHECK(read_file(apart->checkout() / "made") == "made\n");
  CHECK(apart.is_clean());
  // Each run says what it does not protect.
  CHECK(ended.err.find("stepbox: isolation is " + mode + " only; not protected: disk space, ") != std::string::npos);
  const Json report = apart->report();
  CHECK(report["isolation"]["mode"] == mode);
  CHECK_FALSE(report["isolation"]["not_protected"].empty());
  CHECK(report["teardown"]["leftovers"].empty());
  CHECK(verdict_of(report) == "failure");
}

TEST_CASE("Landlock refuses every write beside the step's own directory and checkout", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  REQUIRE_HOST(landlock);
  const Apart apart(caller);
  const fs::path kept = apart->make_file(apart->home() / "kept", "kept\n");
  const fs::path opened = apart->make_directory(apart->root() / "opened");
  const std::string attempt =
      GENERATE("echo x > $K/kept", "echo x >> $K/kept", "rm $K/kept", "mv $K/kept .", "mkdir $K/new", "ln -s x $K/new",
               "mkfifo $K/new", "cp made $K/new", "ln $K/kept here", "echo x > /tmp/stepbox-test-leak");
  CAPTURE(attempt);
  const Run refused = run(apart.step(only("landlock"), "K=" + apart->home().string() + "; echo made > made; " + attempt));
  INFO(refused);
  CHECK(refused.code() != 0);
  CHECK(read_file(kept) == "kept\n");
  CHECK_FALSE(fs::exists(apart->home() / "new"));
  CHECK_FALSE(fs::exists("/tmp/stepbox-test-leak"));
  // Landlock is the cause, and the policy can open a path.
  const Run allowed = run(apart.step({"--isolation", "landlock", "--rw", opened.string()}, "echo x > " + (opened / "x").string()));
  INFO(allowed);
  CHECK(allowed.code() == 0);
}

TEST_CASE("Landlock leaves the standard streams and devices writable", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  REQUIRE_HOST(landlock);
  const Apart apart(caller);
  // A file outside every directory that the step may write to.
  const fs::path log = apart->make_file(apart->home() / "log", "");
  Command step = apart.step(only("landlock"), "echo x > /dev/null && echo e >> /dev/stderr");
  step.argv = {"/bin/sh", "-c", "\"$@\" 2>> " + log.string(), "sh"};
  const Command inner = apart.step(only("landlock"), "echo x > /dev/null && echo by name >> /dev/stderr");
  step.argv.insert(step.argv.end(), inner.argv.begin(), inner.argv.end());
  const Run ended = run(step);
  INFO(ended);
  CHECK(ended.code() == 0);
  CHECK(read_file(log).find("by name\n") != std::string::npos);
}

TEST_CASE("leftover processes are found without a pid namespace", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string mode = GENERATE("landlock", "env");
  CAPTURE(caller, mode);
  if (!can_have(mode)) return;
  const Apart apart(caller);
  const Run ended = run(apart.step(only(mode), "(setsid sleep 1000 &) ; sleep 1000 & (setsid sh -c 'sleep 1000; :' &) ; exit 3"));
  INFO(ended);
  CHECK(ended.code() == 3);
  CHECK(apart->report()["teardown"]["stray_count"] >= 3);
  CHECK(apart.is_clean());
}

TEST_CASE("a directory tree that resists is removed all the same", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Apart apart(caller);
  const Run ended = run(apart.step(only("env"),
                                   "cd $TMPDIR; mkdir -p locked/in; echo x > locked/in/f; chmod 0 locked/in locked; "
                                   "ln -s / root; d=$(printf %0200d 0); for i in $(seq 40); do mkdir $d; cd $d; done; "
                                   "echo x > f; chmod 0 $TMPDIR/.. ; exit 4"));
  INFO(ended);
  CHECK(ended.code() == 4);
  CHECK(apart->report()["teardown"]["leftovers"].empty());
  CHECK(apart.is_clean());
}

TEST_CASE("without a box, SIGKILL of the supervisor or one of its helpers leaves nothing", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string mode = GENERATE("landlock", "env");
  const std::string victim = GENERATE("supervisor", "keeper", "subreaper");
  CAPTURE(caller, mode, victim);
  if (!can_have(mode)) return;
  const Apart apart(caller);
  Process step(apart.step(only(mode), "(setsid sleep 1000 &) ; echo ready; exec sleep 1000"));
  REQUIRE(step.waits_for("ready"));
  const Helpers helpers = helpers_of(step.pid());
  if (victim == "supervisor") step.signal(SIGKILL);
  else ::kill(victim == "keeper" ? helpers.keeper : helpers.subreaper, SIGKILL);
  // The keeper is not needed as long as the others live.
  if (victim == "keeper") step.signal(SIGTERM);
  const Run ended = step.finish();
  INFO(ended);
  CHECK(ended.code() == (victim == "supervisor" ? 128 + SIGKILL : victim == "keeper" ? 128 + SIGTERM : 125));
  CHECK(apart.is_clean());
}

TEST_CASE("without a box, SIGKILL while stepbox looks for leftover processes leaves nothing", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Apart apart(caller);
  // stepbox waits a while for a running process.
  Process step(apart.step(only("env"), "burn 100000 & echo ready"));
  REQUIRE(step.waits_for("ready"));
  step.signal(SIGKILL);
  step.finish();
  CHECK(apart.is_clean());
}

// The guard of the limits kills the subreaper, which is in the step's group, before the subreaper has removed
// anything.
TEST_CASE("without a box, SIGKILL of a stepbox with limits leaves nothing either", "[without-box]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Apart apart(caller);
  for (int i = 0; i < 5; ++i) {
    Command command = apart.step({"--isolation", "env", "--limit", "processes=50"}, "echo x > $TMPDIR/x; echo ready; exec sleep 1000");
    command.prepare = [&] { group.enter(); };
    Process step(command);
    REQUIRE(step.waits_for("ready"));
    step.signal(SIGKILL);
    step.finish();
    CHECK(apart.is_clean());
    CHECK(eventually([&] { return group.below().empty(); }));
  }
}

TEST_CASE("without a box, a sweep removes what is left when all of them are killed", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  const bool by_next_run = GENERATE(true, false);
  CAPTURE(caller, by_next_run);
  const Apart apart(caller);
  Process step(apart.step(only("env"), "echo x > $TMPDIR/x; echo ready; exec sleep 1000"));
  REQUIRE(step.waits_for("ready"));
  const Helpers helpers = helpers_of(step.pid());
  // The keeper first, since it would wake a stopped subreaper; the subreaper is stopped so that it cannot act first.
  ::kill(helpers.keeper, SIGKILL);
  ::kill(helpers.subreaper, SIGSTOP);
  step.signal(SIGKILL);
  ::kill(helpers.subreaper, SIGKILL);
  step.finish();
  // The step dies with its parent, but its directory stays, without an owner.
  CHECK(eventually([&] { return processes_with(apart->mark()).empty(); }));
  REQUIRE(apart.left().size() == 1);
  if (by_next_run) {
    CHECK(run(apart.step(only("env"), "exit 0")).code() == 0);
  } else {
    const Run swept = apart.sweep();
    INFO(swept);
    CHECK(swept.code() == 0);
    CHECK(swept.out.find("removed " + (apart->root() / "t/stepbox-box-").string()) != std::string::npos);
  }
  CHECK(apart.left().empty());
}

TEST_CASE("without a box, earlier children of the caller are left alone", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Apart apart(caller);
  const fs::path pid_file = apart->checkout() / "service";
  Command command = apart.step(only("env"), "kill -9 $PPID; sleep 1000");
  // A shell with a service, which becomes stepbox; the service's own parent ends meanwhile.
  std::vector<std::string> argv = {"/bin/sh", "-c", "(sleep 1000 & echo $! > service; exec sleep 0.2) & exec \"$@\"", "sh"};
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());
  command.argv = argv;
  const Run ended = run(command);
  INFO(ended);
  CHECK(ended.code() == 125);
  const pid_t service = std::stoi(read_file(pid_file));
  CHECK(::kill(service, 0) == 0);
  ::kill(service, SIGKILL);
  CHECK(apart.is_clean());
}

TEST_CASE("without a box, stepbox does not wait for a helper that the step has stopped", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Apart apart(caller);
  const Run ended = run(apart.step(only("env"), "kill -STOP $PPID; exit 6"));
  INFO(ended);
  CHECK(ended.code() == 6);
  CHECK(apart.is_clean());
}

TEST_CASE("without a box, a step whose end a descendant holds back is ended all the same", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Apart apart(caller);
  const Run ended = run(apart.step(only("env"), "exec keep_status"));
  INFO(ended);
  CHECK(ended.code() == 5);
  CHECK(apart.is_clean());
}

TEST_CASE("without a box, a mount that another process made in the step's directory is left alone", "[without-box]") {
  REQUIRE_HOST(root_suite);
  const Apart apart(Caller::root);
  const fs::path precious = apart->make_directory(apart->root() / "precious");
  const fs::path kept = apart->make_file(precious / "kept", "kept\n");
  fs::permissions(precious, fs::perms(0751));
  Command command = apart.step(only("env"), "echo $HOME > where.new; mv where.new where; while ! [ -e go ]; do sleep 0.05; done");
  std::vector<std::string> argv = {"unshare", "-m", "--propagation", "private", "sh", "-c",
                                   "\"$@\" & while ! [ -e where ]; do sleep 0.05; done; mount --bind " + precious.string() +
                                       " \"$(cat where)\" && touch go; wait",
                                   "sh"};
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());
  command.argv = argv;
  const Run ended = run(command);
  INFO(ended);
  CHECK(read_file(kept) == "kept\n");
  CHECK(fs::status(precious).permissions() == fs::perms(0751));
  // The directory could not be removed, and the report says so. The mount is gone with the shell.
  CHECK(apart->report()["teardown"]["leftovers"].size() == 1);
  CHECK(apart.sweep().code() == 0);
  CHECK(apart.is_clean());
}

TEST_CASE("without a box, a /proc of another pid namespace is refused", "[without-box]") {
  REQUIRE_HOST(root_suite);
  const Apart apart(Caller::root);
  Command command = apart.step(only("env"), "echo ran");
  command.argv.insert(command.argv.begin(), {"unshare", "--fork", "--pid"});
  const Run refused = run(command);
  INFO(refused);
  CHECK(refused.code() == 125);
  CHECK(refused.out.empty());
  CHECK(refused.err.find("belongs to another pid namespace") != std::string::npos);
  CHECK(apart.left().empty());
}

TEST_CASE("deadlines hold without a box, and the diagnostics cover the step alone", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Apart apart(caller);
  const Run ended = run(apart.step({"--isolation", "env", "--timeout", "500ms", "--grace", "200ms"},
                                   "trap '' TERM; (setsid sleep 1000 &) ; while :; do sleep 0.1; done"));
  INFO(ended);
  CHECK(ended.code() == 124);
  const Json report = apart->report();
  CHECK(verdict_of(report) == "timeout");
  const Json& processes = report["diagnostics"][0]["processes"];
  REQUIRE(processes.size() >= 2);
  CHECK(processes.size() <= 4);
  CHECK(apart.is_clean());
}

TEST_CASE("without a box, a step gets its descriptors by its own pid", "[without-box]") {
  const Apart apart(callers().front());
  Command step = apart.step(only("env"), "echo $LISTEN_PID $$ $LISTEN_FDS");
  step.argv = {"/bin/sh", "-c", "exec 3</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"};
  const Command inner = apart.step(only("env"), "test $LISTEN_PID = $$ && test -e /proc/self/fd/3 && echo mine");
  step.argv.insert(step.argv.end(), inner.argv.begin(), inner.argv.end());
  const Run ended = run(step);
  INFO(ended);
  CHECK(ended.out == "mine\n");
}

TEST_CASE("a weaker mode works where namespaces are refused, and is never chosen by itself", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string mode = GENERATE("landlock", "env");
  CAPTURE(caller, mode);
  if (!can_have(mode)) return;
  const Place place(caller);
  // The profile strict refuses what a container's filter does, and also tracing, which an instrumented stepbox needs
  // to look for leaks.
  const std::string inner = "ASAN_OPTIONS=detect_leaks=0 stepbox run ";
  const Run full = place.run_step({"--seccomp", "strict"}, {"sh", "-c", inner + "-- true"});
  INFO(full);
  CHECK(full.code() == 125);
  CHECK(full.err.find("--isolation") != std::string::npos);
  const Run weaker = place.run_step({"--seccomp", "strict"}, {"sh", "-c", inner + "--isolation " + mode + " -- sh -c 'echo made > made; exit 5'"});
  INFO(weaker);
  CHECK(weaker.code() == 5);
  CHECK(read_file(place.checkout() / "made") == "made\n");
}

// A container's filter answers calls that are newer than itself with EPERM, as docker's did for long, or ENOSYS.
TEST_CASE("a weaker mode works without the calls that an old container refuses", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int error = GENERATE(EPERM, ENOSYS);
  CAPTURE(caller, error);
  const Apart apart(caller);
  Command step = apart.step(only("env"), "set -- /proc/self/fd/*; echo $#; exit 5");
  step.as_caller = [error] {
    for (const long call : {SYS_clone3, SYS_close_range, SYS_openat2, SYS_faccessat2, SYS_pidfd_open, SYS_pidfd_send_signal,
                            SYS_pidfd_getfd, SYS_statx, SYS_rseq, SYS_mount_setattr, SYS_fsopen, SYS_open_tree})
      in_child::deny(call, error);
  };
  step.inherited = {{STDERR_FILENO, 7}};  // must not reach the step
  const Run ended = run(step);
  INFO(ended);
  CHECK(ended.code() == 5);
  CHECK(ended.out == "4\n");
  CHECK(apart.is_clean());
}

TEST_CASE("requests that need a box are refused", "[without-box]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::vector<std::string> asked = GENERATE(std::vector<std::string>{"--network", "none"}, std::vector<std::string>{"--size", "1GiB"},
                                                  std::vector<std::string>{"--hide", "/srv"}, std::vector<std::string>{"--policy", "strict"},
                                                  std::vector<std::string>{"--require", "quota"});
  CAPTURE(caller, asked);
  const Apart apart(caller);
  std::vector<std::string> options = only("env");
  options.insert(options.end(), asked.begin(), asked.end());
  const Run refused = run(apart.step(options, "echo ran"));
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(apart.left().empty());
}

}  // namespace stepbox::feature
