// Promise 3 for kernel memory that no size, inode count or memory limit covers: it is refused or bounded in another
// way, and stepbox reports what it cannot bound.
#include <sys/resource.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/control_group.hpp"
#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

const HostFeature setfacl = {"setfacl", [] { return ::access("/usr/bin/setfacl", X_OK) == 0; }, "apt-get install acl"};
const HostFeature setcap = {"setcap", [] { return ::access("/usr/sbin/setcap", X_OK) == 0 || ::access("/sbin/setcap", X_OK) == 0; },
                            "apt-get install libcap2-bin"};

constexpr long kMiB = 1024;  // in KiB

// The machine's total of kernel memory that cannot be reclaimed, and of shared memory.
long taken_kib() {
  long sum = 0;
  for (const std::string& line : lines_of(read_file("/proc/meminfo")))
    for (const char* key : {"SUnreclaim:", "Shmem:"})
      if (line.starts_with(key)) sum += std::stol(line.substr(std::string_view(key).size()));
  return sum;
}

// The memory of all TCP sockets.
long tcp_kib() {
  for (const std::string& line : lines_of(read_file("/proc/net/sockstat"))) {
    const size_t at = line.find(" mem ");
    if (line.starts_with("TCP:") && at != std::string::npos) return std::stol(line.substr(at + 5)) * ::sysconf(_SC_PAGESIZE) / 1024;
  }
  FAIL("/proc/net/sockstat does not tell of TCP");
  return 0;
}

struct Taken {
  std::string said;  // "lists 0 EOPNOTSUPP"
  long kib = 0;      // how much the machine's figure grew meanwhile
};

std::optional<Taken> try_to_take(Command step, long (*figure)(), long before) {
  int input[2];
  REQUIRE(::pipe2(input, O_CLOEXEC) == 0);
  step.stdin_fd = input[0];
  Process process(step);
  std::optional<Taken> taken;
  if (process.waits_for("held\n", seconds(60))) taken = {lines_of(process.out()).front(), figure() - before};
  ::close(input[0]);
  ::close(input[1]);
  const Run ended = process.finish();
  if (!taken) UNSCOPED_INFO(ended);
  return taken;
}

// Other programs of the machine take memory and free it as well, and some keep it. So each try is compared with the
// moment before it, and one try below the bound is enough: a step that could take more would do so in every try.
Taken take(const Command& step, long (*figure)(), long enough_kib) {
  constexpr int kTries = 5;
  Taken least{.said = {}, .kib = 1L << 40};
  for (int i = 0; i < kTries && least.kib > enough_kib; ++i) {
    const std::optional<Taken> taken = try_to_take(step, figure, figure());
    REQUIRE(taken);
    if (taken->kib < least.kib) least = *taken;
  }
  return least;
}

Json kernel_memory_of(const Place& place) {
  const Json report = place.report();
  for (const Json& protection : report.at("protections"))
    if (protection.at("name") == "kernel-memory") return protection;
  return {};
}

std::string state_with(const Place& place, std::vector<std::string> options) {
  const Run ran = place.run_step(std::move(options), {"true"});
  INFO(ran);
  REQUIRE(ran.code() == 0);
  return kernel_memory_of(place).at("state");
}

struct Kind {
  const char* name;
  const char* count;
  const char* answer;  // and how many the step got first
};
std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

}  // namespace

TEST_CASE("kernel memory that no limit counts is refused", "[kernel-memory]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string policy = GENERATE("default", "strict");
  const Kind kind = GENERATE(values<Kind>({{"lists", "256", "lists 0 EOPNOTSUPP"}, {"keys", "5000", "keys 0 EPERM"}}));
  CAPTURE(caller, policy, kind);
  const Place place(caller);
  const Taken taken = take(place.step({"--policy", policy, "--size", "64MiB"}, {"take_kernel_memory", kind.name, kind.count}), taken_kib, 16 * kMiB);
  CHECK(taken.said == kind.answer);
  CHECK(taken.kib < 16 * kMiB);
}

TEST_CASE("access lists take kernel memory where the policy allows them, and free it again", "[kernel-memory]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const long before = taken_kib();
  const std::optional<Taken> taken =
      try_to_take(place.step({"--xattr", "allow", "--size", "64MiB"}, {"take_kernel_memory", "lists", "256"}), taken_kib, before);
  REQUIRE(taken);
  if (taken->said == "lists 0 EOPNOTSUPP") {
    WARN("skipped: this kernel has no access lists on tmpfs");
    return;
  }
  CHECK(taken->said == "lists 256 OK");
  CHECK(taken->kib > 40 * kMiB);
  CHECK(eventually([&] { return taken_kib() < before + 24 * kMiB; }));
}

TEST_CASE("no file that stepbox makes in a box has an access list", "[kernel-memory]") {
  REQUIRE_HOST(python);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run listed = place.run_step({}, {"/usr/bin/python3", "-c",
                                         "import os\n"
                                         "for top in ['/box', '/tmp', '/var/tmp', '/dev/shm', '/run', os.environ['HOME']]:\n"
                                         "  for path, below, files in os.walk(top):\n"
                                         "    for name in os.listxattr(path):\n"
                                         "      if 'acl' in name: print(path, name)\n"
                                         "print('looked')\n"});
  INFO(listed);
  CHECK(listed.out == "looked\n");
}

TEST_CASE("the number of open files bounds poll(2) tables and file locks", "[kernel-memory]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string policy = GENERATE("default", "strict");
  const Kind kind = GENERATE(values<Kind>({{"tables", "600", "tables 500 EINVAL"}, {"file-locks", "600", "EMFILE"}}));
  CAPTURE(caller, policy, kind);
  const Place place(caller);
  const Taken taken = take(place.step({"--policy", policy, "--size", "64MiB", "--limit", "open-files=500"}, {"take_kernel_memory", kind.name, kind.count}),
                           taken_kib, 16 * kMiB);
  CHECK(taken.said.ends_with(kind.answer));
  CHECK(taken.kib < 16 * kMiB);
}

TEST_CASE("a process may have 65536 open files unless the user sets another limit", "[kernel-memory]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({}, {"sh", "-c", "ulimit -Hn"});
  // The limit that services have. Where the suite may not raise its own, the step must get the present one.
  step.prepare = [] {
    const rlimit more{1024, 100'000};
    (void)::setrlimit(RLIMIT_NOFILE, &more);
  };
  Command bare = place.command({"sh", "-c", "ulimit -Hn"});
  bare.prepare = step.prepare;
  const Run outside = run(bare), inside = run(step);
  INFO(inside);
  CHECK(std::stol(inside.out) == std::min(std::stol(outside.out), 65'536L));
}

TEST_CASE("TCP buffers count against the memory limit", "[kernel-memory]") {
  REQUIRE_HOST(control_groups);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const auto connections = [&](std::vector<std::string> options) {
    Command step = place.step(std::move(options), {"take_kernel_memory", "connections", "16"});
    step.prepare = [&] { group.enter(); };
    return step;
  };
  // Version 1 counts TCP buffers apart, up to a quarter of the limit.
  const long most = (runs_can_share_a_group() ? 16 : 64) * kMiB;
  const long before = tcp_kib();
  // The kernel grants every socket a little in any case.
  const long little = 8 * kMiB;
  const Command limited = connections({"--limit", "memory=64MiB", "--size", "1MiB"});
  if (runs_can_share_a_group()) {
    const Taken bounded = take(limited, tcp_kib, most + little);
    INFO(bounded.said);
    CHECK(bounded.kib < most + little);
  } else {
    // Version 2 counts TCP buffers with everything else, and kills a step that takes more.
    const std::optional<Taken> bounded = try_to_take(limited, tcp_kib, tcp_kib());
    CHECK((bounded ? bounded->kib < most + little : verdict_of(place.report()) == "out-of-memory"));
  }
  const std::optional<Taken> unbounded = try_to_take(connections({}), tcp_kib, before);
  REQUIRE(unbounded);
  INFO(unbounded->said);
  CHECK(unbounded->kib > most + 2 * little);
}

TEST_CASE("stepbox says when it cannot bound TCP buffers, and refuses the run where the protection is required",
          "[kernel-memory]") {
  REQUIRE_HOST(control_groups);
  REQUIRE_HOST(call_tracer);
  if (!runs_can_share_a_group()) return;  // version 2 counts them with everything else
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const ControlGroup group(caller, Delegated::yes);
  const Place place(caller);
  const auto refused = [&](std::vector<std::string> options, const char* error) {
    options.insert(options.end(), {"--limit", "memory=64MiB"});
    Command step = place.step(std::move(options), {"true"});
    const std::vector<std::string> tracer = {"/usr/bin/strace", "-f", "-o", "/dev/null", "-P", "memory.kmem.tcp.limit_in_bytes",
                                             "-e", std::string("inject=openat:error=") + error, "--"};
    step.argv.insert(step.argv.begin(), tracer.begin(), tracer.end());
    step.prepare = [&] { group.enter(); };
    return run(step);
  };
  const Run ran = refused({}, "EACCES");
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.err.find("TCP buffers are not bounded") != std::string::npos);
  CHECK(kernel_memory_of(place).at("state") == "degraded");
  // With nesting, an ordinary user's step could make groups of its own, whose buffers do not count either.
  CHECK(what_is_wrong_with_refusal(refused({"--nesting", "deny", "--require", "kernel-memory"}, "EACCES")).empty());
  CHECK(group.below().empty());
  const Run none = refused({"--nesting", "deny", "--require", "kernel-memory"}, "ENOENT");
  INFO(none);
  CHECK(none.code() == 0);
  CHECK(none.err.empty());
}

TEST_CASE("the list of protections says what cannot be bounded", "[kernel-memory]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string own = place.make_file(place.checkout() / "own.yaml", "version: 1\nextends: default\nwithout: [flush]\n");
  const std::string wide =
      place.make_file(place.checkout() / "wide.yaml", "version: 1\nextends: default\nwithout: [extended-attributes]\n");
  CHECK(state_with(place, {}) == "active");
  CHECK(kernel_memory_of(place).at("reason").get<std::string>().find("record locks") != std::string::npos);
  CHECK(state_with(place, {"--policy", "strict"}) == "active");
  CHECK(state_with(place, {"--seccomp", own}) == "active");
  CHECK(state_with(place, {"--seccomp", wide}) == "degraded");
  CHECK(state_with(place, {"--seccomp", own, "--xattr", "allow"}) == "degraded");
  CHECK(state_with(place, {"--seccomp", "off"}) == "degraded");
  CHECK(state_with(place, {"--seccomp-log"}) == "degraded");
  CHECK(state_with(place, {"--xattr", "allow"}) == "degraded");
  CHECK(state_with(place, {"--limit", "open-files=65536"}) == "active");
  CHECK(state_with(place, {"--limit", "open-files=65537"}) == "degraded");
  CHECK(what_is_wrong_with_refusal(place.run_step({"--require", "kernel-memory", "--xattr", "allow"}, {"true"})).empty());
}

TEST_CASE("a project may neither allow extended attributes nor raise the number of open files", "[kernel-memory]") {
  const Place place(Caller::user);
  const auto with_project = [&](const std::string& text) {
    place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\n" + text);
    return place.run_step({}, {"true"});
  };
  CHECK(with_project("xattr: deny\nlimits: {open-files: 1000}\n").code() == 0);
  CHECK(what_is_wrong_with_refusal(with_project("xattr: allow\n")).empty());
  CHECK(what_is_wrong_with_refusal(with_project("limits: {open-files: 100k}\n")).empty());
}

TEST_CASE("programs that copy files work without extended attributes", "[kernel-memory]") {
  REQUIRE_HOST(python);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string policy = GENERATE("default", "strict");
  const std::string copy = GENERATE("cp -a from to", "cp -p from to", "cp -aT tree copy", "cp --preserve=all from to", "install -p -m 755 from to", "mv from /dev/shm/to",
                                    "mv tree /dev/shm/copy",
                                    "tar --xattrs --acls -cf x.tar tree && mkdir out && tar --xattrs --acls -xf x.tar -C out",
                                    "/usr/bin/python3 -c \"import shutil; shutil.copy2('from', 'to'); shutil.copytree('tree', 'copy')\"");
  CAPTURE(caller, policy, copy);
  const Place place(caller);
  place.make_file(place.checkout() / "from", "text\n");
  place.make_directory(place.checkout() / "tree");
  place.make_file(place.checkout() / "tree/from", "text\n");
  for (const char* name : {"from", "tree", "tree/from"})
    if (::setxattr((place.checkout() / name).c_str(), "user.note", "text", 4, 0) != 0)
      WARN("the file system of the checkout has no extended attributes: nothing to copy");
  const Run ran = place.run_step({"--policy", policy, "--source", "rw"}, {"sh", "-ec", copy});
  INFO(ran);
  CHECK(ran.code() == 0);
}

TEST_CASE("setcap and setfacl work where the policy allows them", "[kernel-memory]") {
  REQUIRE_HOST(setcap);
  REQUIRE_HOST(setfacl);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string listed = "touch /tmp/file && setfacl -m u:$(id -u):r /tmp/file";
  // Only root's step has a capability to give away.
  const std::string capable = "cp /bin/true /tmp/file && setcap cap_net_bind_service+ep /tmp/file";
  const Run refused = place.run_step({}, {"sh", "-c", listed});
  INFO(refused);
  CHECK(refused.code() != 0);
  const Run allowed = place.run_step({"--xattr", "allow"}, {"sh", "-c", listed + (caller == Caller::root ? " && " + capable : "")});
  INFO(allowed);
  CHECK(allowed.code() == 0);
  if (caller == Caller::root) CHECK(place.run_step({}, {"sh", "-c", capable}).code() != 0);
}

}  // namespace stepbox::feature
