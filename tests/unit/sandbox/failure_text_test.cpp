#include "sandbox/failure_text.hpp"

#include <catch2/catch.hpp>
#include <cctype>
#include <cerrno>

using namespace stepbox;
using namespace stepbox::sandbox;

namespace {

constexpr int kErrnos[] = {EPERM,  ENOENT, EACCES, ENOSPC, ENOMEM, EINVAL, EBUSY,
                           ENOSYS, EAGAIN, EUSERS, EMFILE, ELOOP,  4711};
constexpr auto kLastStage = static_cast<int>(Stage::exec);
constexpr auto kLastAct = static_cast<int>(MountAct::seal);

// A mount of each kind, in the order of MountAct.
Plan every_mount() {
  Plan plan;
  plan.step.cwd = "/home/bob/work";
  for (int act = 0; act <= kLastAct; ++act)
    plan.files.mounts.push_back({.act = static_cast<MountAct>(act),
                           .source = "/srv/sdk",
                           .target = "srv/sdk",
                           .why = "ro",
                           .origin = {Layer::command_line, "--ro", 0, 0}});
  plan.confinement.writable.push_back({.path = "/srv/sdk", .why = "rw"});
  plan.files.cache_directories.push_back({.act = MountAct::directory, .target = "box/cache/go-build"});
  return plan;
}

int index_of(MountAct act) {
  return static_cast<int>(act);
}

void check_sentence(const Error& error, int number) {
  INFO(error.message);
  REQUIRE_FALSE(error.message.empty());
  CHECK(std::islower(static_cast<unsigned char>(error.message[0])));
  CHECK(error.message.find("(" + errno_name(number) + ")") != std::string::npos);
  CHECK(error.message.back() != '.');
  CHECK(error.message.find('\n') == std::string::npos);
  CHECK(error.number == number);
  REQUIRE_FALSE(error.hint.empty());
  CHECK(error.hint.back() != '.');
}

}  // namespace

TEST_CASE("every stage has a sentence with the errno's name", "[sandbox][failure]") {
  const Plan plan = every_mount();
  for (int stage = 0; stage <= kLastStage; ++stage)
    for (const int number : kErrnos) {
      INFO("stage " << stage);
      check_sentence(failure_text(plan, static_cast<Stage>(stage), 0, number), number);
    }
}

TEST_CASE("every kind of mount has a sentence that names it", "[sandbox][failure]") {
  const Plan plan = every_mount();
  for (int act = 0; act <= kLastAct; ++act)
    for (const Stage stage : {Stage::mount, Stage::id_map})
      for (const int number : kErrnos) {
        const Error error = failure_text(plan, stage, act, number);
        check_sentence(error, number);
        if (static_cast<MountAct>(act) != MountAct::proc || stage == Stage::id_map)
          CHECK(error.message.find("/srv/sdk'") != std::string::npos);
      }
}

TEST_CASE("a directory of the step's caches is named", "[sandbox][failure]") {
  const Error error = failure_text(every_mount(), Stage::cache_directory, 0, ENOSPC);
  CHECK(error.message.find("'/box/cache/go-build'") != std::string::npos);
  CHECK(error.hint == "give the volume more room: --size, --inodes or --volume");
}

TEST_CASE("a stage that is known has its own sentence", "[sandbox][failure]") {
  const Plan plan = every_mount();
  for (int stage = static_cast<int>(Stage::user_map); stage < kLastStage; ++stage) {
    INFO("stage " << stage);
    CHECK_FALSE(failure_text(plan, static_cast<Stage>(stage), 0, EPERM).message.starts_with("cannot make the box:"));
  }
}

TEST_CASE("where the kernel has no room for the compiled filter the switch is named", "[sandbox][failure]") {
  // An errno of the kernel's own, as of seccomp(2) at the end of that room.
  const Error error = failure_text(every_mount(), Stage::seccomp, 0, 524);
  CHECK(error.message.ends_with("(errno 524)"));
  CHECK(error.hint.find("net.core.bpf_jit_limit") != std::string::npos);
}

TEST_CASE("a mount that a rule asked for names the rule", "[sandbox][failure]") {
  const Error error = failure_text(every_mount(), Stage::mount, index_of(MountAct::bind), ENOENT);
  CHECK(error.message == "cannot show '/srv/sdk' in the box as ro (--ro): no such file or directory (ENOENT)");
}

TEST_CASE("a refused overlay is named, with its cause and what does without it", "[sandbox][failure]") {
  Plan plan = every_mount();
  plan.identity.isolation = UidIsolation::shifted;
  plan.files.overlays.push_back({.of = OverlayOf::source, .path = "/srv/work", .lowers = {"/srv/work"}, .why = "the checkout",
                                 .origin = {Layer::command_line, "--source", 0, 0}, .file_system = "nfs4"});
  for (MountCall& call : plan.files.mounts) call.overlay = 0;
  const std::string tried = "cannot show '/srv/work' as an overlay, as the checkout (--source)";
  const Error unmappable = failure_text(plan, Stage::id_map, index_of(MountAct::bind), EINVAL);
  CHECK(unmappable.message == tried + ": its file system (nfs4) cannot be mounted with shifted ids: invalid argument (EINVAL)");
  CHECK(unmappable.hint == "put it on a local file system (ext4, xfs, btrfs), or use --source rw or --source ro");
  const Error missing = failure_text(plan, Stage::overlay, index_of(MountAct::overlay), ENODEV);
  CHECK(missing.message.starts_with(tried));
  CHECK(missing.hint.starts_with("this kernel has no overlay file system (modprobe overlay), or use --source rw"));
  plan.files.overlays[0].file_system = "overlay";
  CHECK(failure_text(plan, Stage::overlay, index_of(MountAct::overlay), EINVAL).hint.starts_with("it lies on an overlay itself"));
  const Error broken = failure_text(plan, Stage::try_overlay, index_of(MountAct::try_overlay), EIO);
  CHECK(broken.message.starts_with(tried + ": the kernel mounts overlays here, but a directory of the host cannot be removed in one"));
  CHECK(broken.hint.find("Linux 6.6") != std::string::npos);
}

TEST_CASE("a link in the way of a mount is worth another try", "[sandbox][failure]") {
  CHECK(failure_text(every_mount(), Stage::mount, index_of(MountAct::bind), ELOOP).hint ==
        "a symbolic link came up in the path while stepbox started; run it again");
}

TEST_CASE("no room for what stepbox makes is a matter of the volume's size", "[sandbox][failure]") {
  for (const MountAct act : {MountAct::directory, MountAct::file, MountAct::symlink})
    CHECK(failure_text(every_mount(), Stage::mount, index_of(act), ENOSPC).hint ==
          "give the volume more room: --size, --inodes or --volume");
}

TEST_CASE("no room for a mount is a limit, not a full disk", "[sandbox][failure]") {
  CHECK(failure_text(every_mount(), Stage::mount, index_of(MountAct::tmpfs), ENOSPC).hint.find("fs.mount-max") !=
        std::string::npos);
}

TEST_CASE("a /proc that cannot be mounted is a container's masked paths", "[sandbox][failure]") {
  CHECK(
      failure_text(every_mount(), Stage::mount, index_of(MountAct::proc), EPERM).hint.find("systempaths=unconfined") !=
      std::string::npos);
}

TEST_CASE("what the default confinement of a container refuses has all of its options as remedy", "[sandbox][failure]") {
  const auto has_all = [](const Error& error) {
    INFO(error.hint);
    for (const char* option : {"docker run", "podman run", "seccomp=unconfined", "apparmor=unconfined",
                               "systempaths=unconfined", "unmask=ALL"})
      CHECK(error.hint.find(option) != std::string::npos);
    const size_t weaker = error.hint.find("--isolation landlock");
    CHECK(weaker != std::string::npos);
    CHECK(error.hint.find("--isolation landlock", weaker + 1) == std::string::npos);
  };
  const Plan plan = every_mount();
  has_all(clone_failure_text(plan, ENOSYS));
  has_all(failure_text(plan, Stage::private_mounts, 0, EACCES));
  has_all(failure_text(plan, Stage::mount, index_of(MountAct::tmpfs), EPERM));
  has_all(failure_text(plan, Stage::mount, index_of(MountAct::proc), EPERM));
  has_all(failure_text(plan, Stage::pivot, 0, EPERM));
  has_all(failure_text(plan, Stage::nesting, 0, EROFS));
  has_all(failure_text(plan, Stage::nesting, 0, EACCES));
}

TEST_CASE("a file in the root directory stands for the root's file system", "[sandbox][failure]") {
  Plan plan;
  plan.files.mounts.push_back({.act = MountAct::bind, .source = "/.dockerenv", .target = ".dockerenv", .why = "host"});
  plan.files.mounts[0].id_mapped = IdMapped::required;
  CHECK(failure_text(plan, Stage::id_map, 0, EINVAL).message ==
        "the file system of '/' cannot be mounted with shifted ids: invalid argument (EINVAL)");
  plan.files.mounts[0].source = "/srv/work";
  CHECK(failure_text(plan, Stage::id_map, 0, EINVAL).message.find("'/srv/work'") != std::string::npos);
}

TEST_CASE("user namespaces that AppArmor restricts have a remedy", "[sandbox][failure]") {
  Plan plan;
  plan.identity.uid = 1000;
  for (const int number : {EPERM, EACCES})
    CHECK(failure_text(plan, Stage::user_map, 0, number).hint.find("apparmor_restrict_unprivileged_userns=0") !=
          std::string::npos);
  CHECK(failure_text({}, Stage::user_map, 0, EINVAL).hint == "see the line about user namespaces in `stepbox doctor`");
}

TEST_CASE("a second log mode around the first has a remedy", "[sandbox][failure]") {
  const Error busy = failure_text({}, Stage::seccomp, 0, EBUSY);
  CHECK(busy.message == "cannot load the seccomp filter of the step: device or resource busy (EBUSY)");
  CHECK(busy.hint.find("--seccomp-log") != std::string::npos);
  CHECK(failure_text({}, Stage::seccomp, 0, EINVAL).hint == "the kernel needs CONFIG_SECCOMP_FILTER");
}

TEST_CASE("a directory that the box does not show has a remedy", "[sandbox][failure]") {
  const Error missing = failure_text(every_mount(), Stage::directory, 0, ENOENT);
  CHECK(missing.message == "cannot change to '/home/bob/work' in the box: no such file or directory (ENOENT)");
  CHECK(missing.hint == "the box does not show that directory; name it with --rw or --ro");
  CHECK(failure_text(every_mount(), Stage::directory, 0, EACCES).hint == "the step's user must be able to enter it");
}

TEST_CASE("a name from outside cannot act on the terminal", "[sandbox][failure]") {
  Plan plan = every_mount();
  plan.step.cwd = plan.files.mounts[0].target = plan.files.mounts[index_of(MountAct::bind)].source = "/a\x1b[31m\nb";
  CHECK(failure_text(plan, Stage::directory, 0, ENOENT).message.find('\x1b') == std::string::npos);
  CHECK(failure_text(plan, Stage::mount, 0, ENOENT).message.find('\n') == std::string::npos);
  CHECK(failure_text(plan, Stage::mount, index_of(MountAct::bind), ENOENT).message.find('\x1b') == std::string::npos);
}

TEST_CASE("refused namespaces have a sentence and a remedy for every errno", "[sandbox][failure]") {
  Plan plan;
  for (const UidIsolation isolation : {UidIsolation::mapped, UidIsolation::shifted, UidIsolation::degraded}) {
    plan.identity.isolation = isolation;
    for (const int number : kErrnos) {
      const Error error = clone_failure_text(plan, number);
      check_sentence(error, number);
      CHECK_FALSE(error.hint.empty());
    }
  }
}

TEST_CASE("a cause that is the same whatever was tried has one remedy", "[sandbox][failure]") {
  const Plan plan = every_mount();
  for (int stage = 0; stage <= kLastStage; ++stage) {
    CHECK(failure_text(plan, static_cast<Stage>(stage), 0, EMFILE).hint == "raise the limit on open files (ulimit -n)");
    CHECK(failure_text(plan, static_cast<Stage>(stage), 0, ENOSYS).hint.find("a seccomp filter hides") != std::string::npos);
  }
}

TEST_CASE("in a systemd unit its hardening is named, and no container", "[sandbox][failure]") {
  const bool is_cleared = GENERATE(false, true);
  Plan plan = every_mount();
  if (is_cleared) plan.step.unset.push_back("INVOCATION_ID");
  else plan.step.environment.push_back({.name = "INVOCATION_ID", .value = "1"});
  constexpr int kSigsys = 31;
  for (const Error& error :
       {clone_failure_text(plan, ENOSYS), failure_text(plan, Stage::file_systems, 0, EPERM), failure_text(plan, Stage::pivot, 0, ENOSYS),
        early_end_text(plan, "the box's init", kSigsys)}) {
    INFO(error.hint);
    CHECK(error.hint.find("RestrictNamespaces=") != std::string::npos);
    CHECK(error.hint.find("SystemCallFilter=") != std::string::npos);
    CHECK(error.hint.find("docker") == std::string::npos);
  }
}

TEST_CASE("a user and root whose namespaces are refused are told different things", "[sandbox][failure]") {
  Plan plan;
  plan.identity.isolation = UidIsolation::mapped;
  CHECK(clone_failure_text(plan, EPERM).hint.find("unprivileged_userns_clone") != std::string::npos);
  plan.identity.isolation = UidIsolation::shifted;
  CHECK(clone_failure_text(plan, EPERM).hint.find("CAP_SYS_ADMIN") != std::string::npos);
  CHECK(clone_failure_text(plan, ENOSPC).hint.find("user.max_user_namespaces") != std::string::npos);
  CHECK(clone_failure_text(plan, EAGAIN).hint.find("pids.max") != std::string::npos);
}

TEST_CASE("an end without a message says all that is known of it", "[sandbox][failure]") {
  constexpr int kKilled = 9;
  constexpr int kExited = ENOMEM << 8;
  CHECK(early_end_text({}, "the step's process", kKilled).message ==
        "the step's process was killed by signal 9 while the box was being made");
  CHECK(early_end_text({}, "the box's init", 0).message == "the box's init ended while the box was being made");
  constexpr int kSigsys = 31;
  const Error filtered = early_end_text({}, "the box's init", kSigsys);
  CHECK(filtered.message == "the box's init was killed by a seccomp filter (SIGSYS) while the box was being made");
  CHECK(filtered.hint.find("seccomp=unconfined") != std::string::npos);
  const Error untold = early_end_text({}, "the step's process", kExited);
  check_sentence(untold, ENOMEM);
  CHECK(untold.message.starts_with("cannot make the box: the step's process could not say what failed: "));
}
