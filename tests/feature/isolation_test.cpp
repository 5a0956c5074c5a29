// Promise 2 against a step that tries: it can neither write, look nor reach outside.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>

#include <catch2/catch.hpp>

#include "support/fingerprint.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

// Opening them for writing would be harm enough; the step writes nothing.
const std::vector<std::string> kForbidden = {"/",
                                             "/usr",
                                             "/usr/bin",
                                             "/etc",
                                             "/etc/passwd",
                                             "/etc/shadow",
                                             "/var",
                                             "/var/lib",
                                             "/opt",
                                             "/bin/sh",
                                             "/proc/sys/kernel/core_pattern",
                                             "/proc/sys/kernel/hostname",
                                             "/proc/sys/vm/drop_caches",
                                             "/proc/sysrq-trigger",
                                             "/proc/kcore",
                                             "/proc/1/mem",
                                             "/sys",
                                             "/sys/kernel/mm/transparent_hugepage/enabled",
                                             "/sys/power/state",
                                             "/sys/fs/cgroup",
                                             "/sys/fs/cgroup/cgroup.procs",
                                             "/sys/fs/cgroup/memory",
                                             "/sys/fs/cgroup/unified/cgroup.procs",
                                             "/dev/kmsg",
                                             "/dev/mem",
                                             "/dev/vda",
                                             "/dev/sda",
                                             "/dev",
                                             "/box",
                                             "/run/docker.sock",
                                             "/.empty"};

std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// The suite binds a socket with that name in the abstract namespace; the caller closes it.
int listen_on_abstract(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(server, reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) == 0);
  REQUIRE(::listen(server, 4) == 0);
  return server;
}

}  // namespace

TEST_CASE("a step cannot write to the host", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run tried = place.run_step({}, joined({"try_escapes", "write"}, kForbidden));
  INFO(tried);
  CHECK(tried.code() == 0);
  const auto told = lines_of(tried.out);
  CHECK(told.size() == kForbidden.size());
  for (const std::string& line : told) {
    // /box is the workspace: the only place that the step may write to.
    if (line.starts_with("/box "))
      CHECK(line.ends_with(" OK"));
    else
      CHECK_FALSE(line.ends_with(" OK"));
  }
}

TEST_CASE("root of a nested user namespace cannot write to the host either", "[isolation]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run tried = place.run_step({}, joined({"unshare", "-Urm", "try_escapes", "write"}, kForbidden));
  INFO(tried);
  CHECK(tried.code() == 0);
  CHECK(lines_of(tried.out).size() == kForbidden.size());
  for (const std::string& line : lines_of(tried.out))
    if (!line.starts_with("/box ")) CHECK_FALSE(line.ends_with(" OK"));
}

TEST_CASE("without stepbox root can, so the cases above can fail", "[isolation]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  // Files only: a test should not create anything in /usr or /etc.
  const Run tried = run(place.command(
      {program("try_escapes"), "write", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/etc/shadow"}));
  INFO(tried);
  for (const std::string& line : lines_of(tried.out)) CHECK(line.ends_with(" OK"));
}

TEST_CASE("a step can neither remove a mask nor enlarge its workspace", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  const bool nested = GENERATE(false, true);
  CAPTURE(caller, nested);
  const Place place(caller);
  std::vector<std::string> around = nested ? std::vector<std::string>{"unshare", "-Urm"} : std::vector<std::string>{};
  const std::vector<std::string> places = {
      "/tmp", "/var/tmp", "/dev/shm", "/run", "/box", "/proc", "/sys", "/dev", "/usr", "/", place.home().string()};
  SECTION("unmount") {
    const Run tried =
        place.run_step({"--volume", "tmp=1MiB"}, joined(joined(around, {"try_escapes", "unmount"}), places));
    INFO(tried);
    CHECK(tried.code() == 0);
    CHECK(lines_of(tried.out).size() == places.size());
    for (const std::string& line : lines_of(tried.out)) CHECK_FALSE(line.ends_with(" OK"));
  }
  SECTION("remount") {
    const Run tried = place.run_step(
        {"--volume", "tmp=1MiB"},
        joined(joined(around, {"try_escapes", "remount"}), {"/tmp", "/box", "/dev/shm", "/usr", "/etc", "/"}));
    INFO(tried);
    CHECK(tried.code() == 0);
    for (const std::string& line : lines_of(tried.out)) {
      CHECK(line.find("size OK") == std::string::npos);
      // A writable mount stays writable; a read-only one must not become writable.
      const bool workspace = line.starts_with("/tmp ") || line.starts_with("/box ") || line.starts_with("/dev/shm ");
      if (!workspace) CHECK(line.find("writable OK") == std::string::npos);
    }
  }
  SECTION("and the quota holds after the attempt") {
    const Run tried = place.run_step({"--volume", "tmp=1MiB"},
                                     joined(around, {"sh", "-c",
                                                     "mount -o remount,size=1g /tmp 2>/dev/null; mount -o "
                                                     "remount,size=1g /box/tmp 2>/dev/null; fill_volume /tmp/big"}));
    INFO(tried);
    CHECK(value_of(tried.out, "wrote") == "1048576");
  }
}

TEST_CASE("a step does not see the files of the host's temporary directories", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.root() / "neighbour");
  place.make_file(place.root() / "neighbour/secret", "token");
  const Run looked = place.run_step(
      {}, {"sh", "-c",
           "ls -A '" + place.root().string() + "'; cat '" + (place.root() / "neighbour/secret").string() + "'"});
  INFO(looked);
  CHECK(looked.code() != 0);
  // The directories on the way to the checkout are there, and nothing else.
  CHECK(looked.out == "checkout\n");
}

TEST_CASE("a step sees only its own processes, and cannot reach stepbox through init", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run looked =
      place.run_step({}, {"sh", "-c",
                          "for p in /proc/[0-9]*; do echo ${p#/proc/}; done; for f in environ mem maps fd cwd root "
                          "exe; do ls /proc/1/$f/ >/dev/null 2>&1 && echo open $f; cat /proc/1/$f >/dev/null 2>&1 && "
                          "echo open $f; done; kill -KILL 1; kill -STOP 1; kill -TERM 1; echo alive"});
  INFO(looked);
  CHECK(looked.code() == 0);
  CHECK(looked.out.starts_with("1\n2\n"));
  CHECK(looked.out.find("open ") == std::string::npos);
  CHECK(looked.out.ends_with("alive\n"));
  int processes = 0;
  for (const std::string& line : lines_of(looked.out))
    processes += line.find_first_not_of("0123456789") == std::string::npos ? 1 : 0;
  CHECK(processes <= 3);
}

TEST_CASE("a step cannot signal a process of the host", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Process victim(place.command({program("ignore_signals"), "20000"}));
  REQUIRE(victim.waits_for("ready"));
  const Run tried = place.run_step({}, {"sh", "-c", "kill -KILL " + std::to_string(victim.pid())});
  INFO(tried);
  CHECK(tried.code() != 0);
  CHECK(::kill(victim.pid(), 0) == 0);
  CHECK(processes_with(place.mark()).size() == 1);
}

TEST_CASE("network none has no interface up, loopback has one that works, host has the caller's", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string script =
      "cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' ' | sort | tr '\\n' ' '; "
      "bash -c 'exec 3<>/dev/tcp/127.0.0.1/9' 2>&1 | grep -o -E 'unreachable|refused' | head -1";
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto look = [&](const char* mode) { return place.run_step({"--network", mode}, {"sh", "-c", script}); };
  const Run none = look("none"), loopback = look("loopback"), host = look("host");
  ::close(listener);
  INFO(none);
  INFO(loopback);
  INFO(host);
  CHECK(none.out.ends_with("unreachable\n"));
  CHECK(loopback.out.ends_with("lo refused\n"));
  CHECK(host.out == run(place.command({"/bin/sh", "-c", script})).out);
}

TEST_CASE("without the host's network the step cannot reach its abstract sockets either", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string name = "stepbox-feature-" + place.mark();
  const int server = listen_on_abstract(name);
  const std::string look = "grep -c '@" + name + "' /proc/net/unix";
  const Run none = place.run_step({"--network", "none"}, {"sh", "-c", look});
  const Run host = place.run_step({}, {"sh", "-c", look});
  ::close(server);
  CHECK(none.out == "0\n");
  CHECK(host.out == "1\n");
}

TEST_CASE("with the host's network a step reaches its own abstract sockets, and the host's only on older kernels",
          "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string name = "stepbox-feature-" + place.mark();
  const int server = listen_on_abstract(name);
  const Run outside = run(place.command({program("try_escapes"), "connect", name}));
  const Run inside = place.run_step({}, {"try_escapes", "connect", name});
  ::close(server);
  INFO(inside);
  CHECK(outside.out == name + " OK\nown OK\n");
  // Landlock can do this from its sixth version on; where it is older, the report says that nothing does.
  const bool can = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1 /* which version? */) >= 6;
  CHECK(inside.out == name + (can ? " EPERM" : " OK") + "\nown OK\n");
  std::string state;
  const Json report = place.report();
  for (const Json& protection : report.at("protections"))
    if (protection.at("name") == "abstract-sockets") state = protection.at("state");
  CHECK(state == (can ? "active" : "off"));
}

TEST_CASE("System V and POSIX queues and segments belong to the step, and are gone with it", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto outside = [] {
    return read_file("/proc/sysvipc/shm") + read_file("/proc/sysvipc/sem") + read_file("/proc/sysvipc/msg");
  };
  const std::string before = outside();
  const Run made = place.run_step({}, {"sh", "-c", "ipcmk -M 4096 -S 1 -Q | wc -l"});
  INFO(made);
  CHECK(made.out == "3\n");
  CHECK(outside() == before);
}

TEST_CASE("a step cannot change the host's name", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string before = read_file("/proc/sys/kernel/hostname");
  place.run_step({}, {"sh", "-c", "hostname changed"});
  CHECK(read_file("/proc/sys/kernel/hostname") == before);
}

// Java cannot place itself in version 1 groups whose top is above the box's own, and ManagementFactory then fails.
TEST_CASE("a step finds no version 1 control groups, covered or not", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run found = place.run_step({}, {"sh", "-c", "grep -c ' - cgroup ' /proc/self/mountinfo; ls /sys/fs/cgroup; ls -d /sys/devices"});
  INFO(found);
  CHECK(found.out == "0\n/sys/devices\n");
}

TEST_CASE("a set-user-id program gives a step nothing", "[isolation]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  // Root has left such a program in the checkout.
  fs::copy_file("/usr/bin/id", place.checkout() / "id");
  fs::permissions(place.checkout() / "id", static_cast<fs::perms>(04755));
  const Run inside = place.run_step({}, {"./id", "-u"});
  INFO(inside);
  CHECK(inside.out == std::to_string(uid_of(caller)) + "\n");
  const Run outside = run(place.command({"./id", "-u"}));
  CHECK(outside.out == "0\n");
}

TEST_CASE("what a step makes in the checkout cannot harm the host: no device, no host id 0 by set-user-id",
          "[isolation]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const Run made = place.run_step(
      {},
      {"sh", "-c", "mknod ./disk b 254 0; mknod ./null c 1 3; cp /bin/true ./suid && chmod 4755 ./suid; ls disk null"});
  INFO(made);
  CHECK_FALSE(fs::is_block_file(place.checkout() / "disk"));
  CHECK_FALSE(fs::is_character_file(place.checkout() / "null"));
}

TEST_CASE("doctor lists the protections that a run from here has", "[isolation]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  CHECK(place.run_step({}, {"true"}).code() == 0);
  const Run doctor = run(place.command({program("stepbox").string(), "doctor", "--json"}));
  INFO(doctor);
  const Json told = Json::parse(doctor.out)["protections"];
  const Json found = place.report()["protections"];
  REQUIRE(told.size() == found.size());
  REQUIRE(!told.empty());
  for (size_t i = 0; i < told.size(); ++i)
    for (const char* field : {"name", "state", "reason"}) CHECK(told[i][field] == found[i][field]);
}

}  // namespace stepbox::feature
