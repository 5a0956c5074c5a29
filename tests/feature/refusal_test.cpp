// Promise 6: if stepbox cannot provide what was asked, it gives one error with its cause and a hint, exits with 125,
// and never runs the step.
#include <linux/audit.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <cstddef>
#include <string>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/filter.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/survivors.hpp"

namespace stepbox::feature {
namespace {

using in_child::deny;
using in_child::kEqual;
using in_child::kLoad;
using in_child::kReturn;
using in_child::line;
using in_child::load;
using in_child::must;
using in_child::private_mounts;

struct DeniedCall {
  const char* name;
  long number;
};
std::ostream& operator<<(std::ostream& out, const DeniedCall& call) {
  return out << call.name;
}

struct FatalCall {
  const char* when;
  unsigned number;
  unsigned argument;  // the first
};
std::ostream& operator<<(std::ostream& out, const FatalCall& call) {
  return out << call.when;
}

// Kills the step: of the processes that stepbox starts, only the step makes these calls.
void kill_at(const FatalCall& call) {
  load({line(kLoad, offsetof(seccomp_data, nr)), line(kEqual, call.number, 0, 3),
        line(kLoad, offsetof(seccomp_data, args[0])), line(kEqual, call.argument, 0, 1),
        line(kReturn, SECCOMP_RET_KILL_PROCESS), line(kReturn, SECCOMP_RET_ALLOW)});
}

// Imitates AppArmor's restriction of user namespaces: the namespace is made, but "deny" cannot be written to
// setgroups.
void deny_writes_of_four_bytes(int error) {
  load({line(kLoad, offsetof(seccomp_data, nr)), line(kEqual, SYS_write, 0, 3),
        line(kLoad, offsetof(seccomp_data, args[2])), line(kEqual, 4, 0, 1),
        line(kReturn, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)), line(kReturn, SECCOMP_RET_ALLOW)});
}

void write_text(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  must(fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), path);
  ::close(fd);
}

// Only a process outside the namespace can map a range.
void enter_user_namespace(const std::string& uids, const std::string& gids) {
  int entered[2];
  must(::pipe2(entered, O_CLOEXEC) == 0, "pipe2");
  const std::string process = "/proc/" + std::to_string(::getpid());
  const pid_t mapper = ::fork();
  must(mapper >= 0, "fork");
  if (mapper == 0) {
    char byte = 0;
    must(::read(entered[0], &byte, 1) == 1, "read");
    write_text((process + "/setgroups").c_str(), "deny");
    write_text((process + "/uid_map").c_str(), uids);
    write_text((process + "/gid_map").c_str(), gids);
    ::_exit(0);
  }
  must(::unshare(CLONE_NEWUSER) == 0, "unshare");
  must(::write(entered[1], "e", 1) == 1, "write");
  int status = 0;
  must(::waitpid(mapper, &status, 0) == mapper && status == 0, "map ids");
}

// A user namespace that maps every id to itself and allows no further ones.
void enter_namespace_without_more() {
  const std::string uid = std::to_string(::geteuid()), gid = std::to_string(::getegid());
  const bool root = ::geteuid() == 0;
  enter_user_namespace(root ? "0 0 4294967295" : uid + " " + uid + " 1",
                       root ? "0 0 4294967295" : gid + " " + gid + " 1");
  write_text("/proc/sys/user/max_user_namespaces", "0");
}

Command with_canary(const Place& place) {
  return place.step({}, {"sh", "-c", "echo ran > canary"});
}
bool was_run(const Place& place) {
  return fs::exists(place.checkout() / "canary");
}

}  // namespace

TEST_CASE("stepbox names a seccomp filter that refuses a call a box needs, and does not run the step", "[refusal]") {
  const Caller caller = GENERATE(from_range(callers()));
  const DeniedCall call = GENERATE(values<DeniedCall>({{"clone3", SYS_clone3},
                                                       {"mount", SYS_mount},
                                                       {"fsopen", SYS_fsopen},
                                                       {"fsconfig", SYS_fsconfig},
                                                       {"fsmount", SYS_fsmount},
                                                       {"move_mount", SYS_move_mount},
                                                       {"open_tree", SYS_open_tree},
                                                       {"mount_setattr", SYS_mount_setattr},
                                                       {"pivot_root", SYS_pivot_root},
                                                       {"umount2", SYS_umount2}}));
  const int error = GENERATE(EPERM, ENOSYS);
  CAPTURE(caller, call, error);
  const Place place(caller);
  Command step = with_canary(place);
  step.as_caller = [&] { deny(call.number, error); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(refused.code() == 125);
  CHECK(refused.out.empty());
  CHECK(refused.err.find(error == EPERM ? "(EPERM)" : "(ENOSYS)") != std::string::npos);
  CHECK(refused.err.find("\nhint: ") != std::string::npos);
  // It does not blame the kernel's version.
  CHECK(refused.err.find("5.14") == std::string::npos);
  if (error == ENOSYS) CHECK(refused.err.find("hint: a seccomp filter hides") != std::string::npos);
  CHECK_FALSE(was_run(place));
}

TEST_CASE("stepbox names SystemCallFilter= of a systemd unit where it refuses or kills", "[refusal]") {
  const Caller caller = GENERATE(from_range(callers()));
  const unsigned action = GENERATE(SECCOMP_RET_ERRNO | unsigned{EPERM}, SECCOMP_RET_KILL_PROCESS);
  CAPTURE(caller, action);
  const Place place(caller);
  Command step = with_canary(place);
  step.environment.emplace_back("INVOCATION_ID=6d9f6f8c5a4c4a1f8e6f9b1b6a1f0c11");
  step.as_caller = [&] { in_child::answer(SYS_fsopen, action); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find(action == SECCOMP_RET_KILL_PROCESS ? "killed by a seccomp filter (SIGSYS)" : "fsopen") != std::string::npos);
  CHECK(refused.err.find("SystemCallFilter=") != std::string::npos);
  CHECK(refused.err.find("docker") == std::string::npos);
  CHECK_FALSE(was_run(place));
}

TEST_CASE("a step that is killed while its box is made is reported as such, and nothing hangs", "[refusal]") {
  const Caller caller = GENERATE(from_range(callers()));
  const FatalCall call =
      GENERATE(values<FatalCall>({{"before its ids are mapped", SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING},
                                  {"cutting its privileges", SYS_prctl, PR_CAPBSET_DROP},
                                  {"before it makes directories", SYS_prctl, PR_SET_SECCOMP}}));
  CAPTURE(caller, call);
  const Place place(caller);
  Command step = with_canary(place);
  step.as_caller = [&] { kill_at(call); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("while the box was being made") != std::string::npos);
  CHECK_FALSE(was_run(place));
  CHECK(processes_with(place.mark()).empty());
}

TEST_CASE("where memory is short, root's box is refused instead of made without shifted ids", "[refusal]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  Command step = with_canary(place);
  step.as_caller = [] { deny(SYS_mount_setattr, ENOMEM); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("(ENOMEM)") != std::string::npos);
  CHECK_FALSE(was_run(place));
}

TEST_CASE("a step that cannot report its start does not run", "[refusal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = with_canary(place);
  step.as_caller = [] { deny(SYS_sendto, ENOMEM); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK_FALSE(was_run(place));
}

TEST_CASE("a filter that refuses only unshare does no harm", "[refusal]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int error = GENERATE(EPERM, ENOSYS);
  CAPTURE(caller, error);
  const Place place(caller);
  Command step = with_canary(place);
  step.as_caller = [&] { deny(SYS_unshare, error); };
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(was_run(place));
}

TEST_CASE("systemd's RestrictSUIDSGID= does not prevent a box", "[refusal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({"--ro", "/etc/passwd"}, {"sh", "-c", "echo ran > canary; chmod 4755 canary"});
  step.as_caller = in_child::restrict_set_id_modes;
  const Run ran = run(step);
  INFO(ran);
  CHECK(was_run(place));
  // The filter is active, and holds for the step as well.
  CHECK(ran.err.find("Operation not permitted") != std::string::npos);
}

TEST_CASE("where user namespaces are used up, the hint names the sysctl", "[refusal]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = with_canary(place);
  step.as_caller = enter_namespace_without_more;
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("(ENOSPC)") != std::string::npos);
  CHECK(refused.err.find("max_user_namespaces") != std::string::npos);
  CHECK_FALSE(was_run(place));
}

// Hidden, because the switch changes the whole machine. tests/vm sets it and then asks for this tag.
TEST_CASE("where only root may make user namespaces, a user learns of the switch and root gets a box",
          "[.user-namespaces-for-root-only]") {
  REQUIRE_HOST(root_suite);
  REQUIRE(read_file("/proc/sys/kernel/unprivileged_userns_clone") == "0\n");
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = run(with_canary(place));
  const Run doctor = run(place.command({program("stepbox"), "doctor"}));
  INFO(ran << doctor);
  if (caller == Caller::root) {
    CHECK(ran.code() == 0);
    CHECK(ran.err.empty());
    CHECK(was_run(place));
    CHECK(doctor.code() == 0);
    return;
  }
  CHECK(what_is_wrong_with_refusal(ran).empty());
  CHECK(ran.err.find("sysctl kernel.unprivileged_userns_clone=1") != std::string::npos);
  CHECK_FALSE(was_run(place));
  CHECK(doctor.code() != 0);
  CHECK((doctor.out + doctor.err).find("kernel.unprivileged_userns_clone") != std::string::npos);
  // A weaker mode, only because the user asks for it.
  const Run weaker = place.run_step({"--isolation", "landlock"}, {"sh", "-c", "echo made > made"});
  INFO(weaker);
  CHECK(weaker.code() == 0);
  CHECK(read_file(place.checkout() / "made") == "made\n");
}

TEST_CASE("a masked /proc is reported as such", "[refusal]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = with_canary(place);
  step.prepare = [] {
    private_mounts();
    must(::mount("none", "/proc/sys", "tmpfs", MS_RDONLY, nullptr) == 0, "mask /proc/sys");
  };
  const Run refused = run(step);
  INFO(refused);
  if (caller == Caller::root) {
    // The kernel requires a fully visible /proc of everybody but root of the first user namespace.
    CHECK(refused.code() == 0);
    CHECK(was_run(place));
    return;
  }
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("/proc") != std::string::npos);
  CHECK(refused.err.find("mask") != std::string::npos);
  CHECK_FALSE(was_run(place));
}

TEST_CASE("a read-only /proc, which allows no id mapping, is reported", "[refusal]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::user);
  Command step = with_canary(place);
  step.prepare = [] {
    private_mounts();
    must(::mount(nullptr, "/proc", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0, "make /proc read-only");
  };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("map") != std::string::npos);
  CHECK_FALSE(was_run(place));
}

TEST_CASE("an id map that a security module refuses is reported, with AppArmor's switch", "[refusal]") {
  const int error = GENERATE(EPERM, EACCES);
  CAPTURE(error);
  const Place place(Caller::user);
  Command step = with_canary(place);
  step.as_caller = [&] { deny_writes_of_four_bytes(error); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("apparmor_restrict_unprivileged_userns") != std::string::npos);
  CHECK_FALSE(was_run(place));
}

TEST_CASE("a run that requires a missing protection is refused", "[refusal]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run refused = place.run_step({"--require", "network-isolation"}, {"sh", "-c", "echo ran > canary"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("network-isolation") != std::string::npos);
  CHECK_FALSE(was_run(place));
}

TEST_CASE("where ids cannot be shifted, the run says it is degraded, and is refused when isolation is required",
          "[refusal]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const bool required = GENERATE(false, true);
  CAPTURE(required);
  Command step =
      place.step(required ? std::vector<std::string>{"--require", "uid-isolation"} : std::vector<std::string>{},
                 {"sh", "-c", "echo ran > canary; cat /proc/self/uid_map"});
  step.prepare = [] {
    // A container with its own id range: root, but without the ids that boxes are shifted to.
    enter_user_namespace("0 0 65536", "0 0 65536");
  };
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == (required ? 125 : 0));
  CHECK(was_run(place) == !required);
  if (!required) {
    const Json report = place.report();
    bool degraded = false;
    for (const Json& protection : report.at("protections"))
      degraded = degraded || (protection.at("name") == "uid-isolation" && protection.at("state") == "degraded" &&
                              protection.at("reason") != "");
    CHECK(degraded);
    CHECK(ran.err.find("uid-isolation") != std::string::npos);
  }
}

}  // namespace stepbox::feature
