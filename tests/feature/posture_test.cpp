// How stepbox, init and the step look from outside while the step runs.
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"
#include "support/terminal.hpp"

namespace stepbox::feature {
namespace {

std::string of(pid_t pid, const char* file) {
  return read_file("/proc/" + std::to_string(pid) + "/" + file);
}

std::string status_of(pid_t pid, const std::string& key) {
  for (const std::string& line : lines_of(of(pid, "status")))
    if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
  return {};
}

unsigned long long capabilities_of(pid_t pid, const char* set) {
  return std::stoull(status_of(pid, set), nullptr, 16);
}

// The /proc files of a process that is not dumpable belong to the host's root, whatever its uid (proc(5)). So this
// works only for a process that does not run as the host's root.
bool is_dumpable(pid_t pid) {
  struct stat file {};
  REQUIRE(::stat(("/proc/" + std::to_string(pid) + "/environ").c_str(), &file) == 0);
  return file.st_uid != 0;
}

std::multiset<std::string> descriptors_of(pid_t pid) {
  std::multiset<std::string> kinds;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", ignored)) {
    std::string target = fs::read_symlink(entry.path(), ignored);
    if (target.starts_with("pidfd:")) target = "anon_inode:[pidfd]";  // the name before pidfs
    kinds.insert(target.substr(0, target.find('[')));
  }
  return kinds;
}

std::string namespace_of(pid_t pid, const std::string& kind) {
  std::error_code ignored;
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind, ignored);
}

// The four ids of a status line.
std::vector<unsigned> ids(const std::string& text) {
  std::istringstream in(text);
  std::vector<unsigned> found;
  for (unsigned id = 0; in >> id;) found.push_back(id);
  return found;
}

struct Running {
  explicit Running(const Place& place, std::vector<std::string> options = {})
      : process(place.step(std::move(options), {"hold_memory", "/tmp/held", "4096"})) {
    if (!process.waits_for("ready")) return;
    init = init_of(process.pid());
    if (init < 0) return;
    const auto steps = children_of(init);
    if (steps.size() == 1) step = steps[0];
  }
  Process process;
  pid_t init = -1;
  pid_t step = -1;
};

}  // namespace

TEST_CASE("the host's uid 0 is not in the box", "[posture]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Running running(place);
  REQUIRE(running.step > 0);
  for (const pid_t pid : {running.init, running.step}) {
    CAPTURE(pid, of(pid, "comm"));
    for (const char* key : {"Uid", "Gid"}) {
      const auto found = ids(status_of(pid, key));
      REQUIRE(found.size() == 4);
      for (const unsigned id : found) CHECK(id != 0);
    }
    // Supplementary groups would give the step more than it is meant to have.
    CHECK(status_of(pid, "Groups").find_first_of("0123456789") == std::string::npos);
  }
}

TEST_CASE("init keeps nothing worth stealing", "[posture]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Running running(place);
  REQUIRE(running.init > 0);
  // CAP_KILL alone, to signal a step that changed its uid: see launcher/README.md. The bounding set stays full: it
  // matters to execve alone, which init never calls.
  constexpr unsigned long long kKill = 1ULL << 5;
  CHECK(capabilities_of(running.init, "CapPrm") == kKill);
  CHECK(capabilities_of(running.init, "CapEff") == kKill);
  CHECK(capabilities_of(running.init, "CapInh") == 0);
  CHECK(capabilities_of(running.init, "CapAmb") == 0);
  CHECK(status_of(running.init, "NoNewPrivs") == "1");
  // The step is dumpable, so this check can tell the two apart.
  CHECK_FALSE(is_dumpable(running.init));
  CHECK(is_dumpable(running.step));
  // The channel, a handle of the step, the signals of children, and the box's own /proc. The socket by which stepbox
  // released the step closes a moment later.
  const std::multiset<std::string> kept = {"/proc", "anon_inode:", "anon_inode:", "socket:"};
  eventually([&] { return descriptors_of(running.init) == kept; });
  CHECK(descriptors_of(running.init) == kept);
}

TEST_CASE("with a terminal, init keeps the terminal too, and no more", "[posture]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  TerminalSession session(place.step({}, {"hold_memory", "/tmp/held", "4096"}));
  REQUIRE(session.shows("ready"));
  const pid_t init = init_of(session.pid());
  REQUIRE(init > 0);
  std::multiset<std::string> kept = {"/dev/tty", "/proc", "anon_inode:", "anon_inode:", "socket:"};
  // Holds the terminal's number in the box; a box has no high numbers.
  const std::string name = session.name();
  if (std::stoi(name.substr(name.rfind('/') + 1)) < 64) kept.insert("/dev/pts/ptmx");
  eventually([&] { return descriptors_of(init) == kept; });
  CHECK(descriptors_of(init) == kept);
}

TEST_CASE("the step cannot gain privileges", "[posture]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Running running(place);
  REQUIRE(running.step > 0);
  CHECK(status_of(running.step, "NoNewPrivs") == "1");
  CHECK(status_of(running.step, "Seccomp") == "2");
  CHECK(std::stoull(status_of(running.step, "CapAmb"), nullptr, 16) == 0);
  const auto bounding = std::stoull(status_of(running.step, "CapBnd"), nullptr, 16);
  constexpr unsigned kNever[] = {
      1U << 12 /* NET_ADMIN */, 1U << 16 /* SYS_MODULE */, 1U << 17 /* SYS_RAWIO */,    1U << 19 /* SYS_PTRACE */,
      1U << 21 /* SYS_ADMIN */, 1U << 22 /* SYS_BOOT */,   1U << 24 /* SYS_RESOURCE */, 1U << 27 /* MKNOD */};
  for (const unsigned capability : kNever) CHECK((bounding & capability) == 0);
  if (caller == Caller::user) CHECK(bounding == 0);
  CHECK(std::stoull(status_of(running.step, "CapEff"), nullptr, 16) == bounding);
}

TEST_CASE("the step is in namespaces of its own", "[posture]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Running running(place);
  REQUIRE(running.step > 0);
  for (const char* kind : {"user", "mnt", "pid", "ipc", "uts", "cgroup"}) {
    CAPTURE(kind);
    CHECK(namespace_of(running.step, kind) != namespace_of(::getpid(), kind));
  }
  CHECK(namespace_of(running.step, "net") == namespace_of(::getpid(), "net"));
}

TEST_CASE("network none and loopback give the step its own network", "[posture]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string mode = GENERATE("none", "loopback");
  CAPTURE(caller, mode);
  const Place place(caller);
  const Running running(place, {"--network", mode});
  REQUIRE(running.step > 0);
  CHECK(namespace_of(running.step, "net") != namespace_of(::getpid(), "net"));
}

TEST_CASE("two boxes at the same time have different ids", "[posture]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const Running one(place), other(place);
  REQUIRE(one.step > 0);
  REQUIRE(other.step > 0);
  CHECK(status_of(one.step, "Uid") != status_of(other.step, "Uid"));
  CHECK(status_of(one.init, "Uid") != status_of(other.init, "Uid"));
}

TEST_CASE("the step's core dump never reaches a handler of the host", "[posture]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run limited = place.run_step({}, {"sh", "-c", "ulimit -Hc; ulimit -Sc; grep 'Max core' /proc/self/limits"});
  INFO(limited);
  const std::string limits = value_of(limited.out, "Max");
  // Exactly 1 byte, or 0 where the caller had 0: the kernel then starts no pipe handler.
  CHECK((limits.find(" 1 ") != std::string::npos || limits.find(" 0 ") != std::string::npos));
}

TEST_CASE("the report gives the state of each protection", "[posture]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({"--network", "none", "--nesting", "deny"}, {"true"});
  INFO(ran);
  REQUIRE(ran.code() == 0);
  std::set<std::string> active;
  const Json report = place.report();
  for (const Json& protection : report.at("protections"))
    if (protection.at("state") == "active") active.insert(protection.at("name").get<std::string>());
  for (const char* name : {"quota", "mount-isolation", "pid-isolation", "ipc-isolation", "uid-isolation",
                           "network-isolation", "abstract-sockets", "no-new-privileges", "capabilities", "seccomp", "nesting-denied"}) {
    CAPTURE(name);
    CHECK(active.contains(name));
  }
}

}  // namespace stepbox::feature
