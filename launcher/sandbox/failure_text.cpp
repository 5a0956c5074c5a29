#include "sandbox/failure_text.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/text.hpp"
#include "sandbox/overlay_failure.hpp"

namespace stepbox::sandbox {
namespace {

constexpr int kOutOfCompiledFilters = 524;  // the kernel's own ENOTSUPP, which libc has no name for

constexpr const char* kHintDoctor = "run `stepbox doctor` to see what this host allows";
constexpr const char* kHintNamespaces =
    "a limit on namespaces is reached: raise user.max_user_namespaces, user.max_mnt_namespaces and user.max_pid_namespaces "
    "(sysctl -a | grep user.max_)";

constexpr const char* kHintWeaker = "; if none of this is possible: --isolation landlock, which protects less";

// systemd gives every unit an id.
bool is_in_unit(const Plan& plan) {
  constexpr std::string_view kId = "INVOCATION_ID";
  return std::ranges::find(plan.step.environment, kId, &EnvEntry::name) != plan.step.environment.end() ||
         std::ranges::find(plan.step.unset, kId) != plan.step.unset.end();
}

// Remedies for the default confinement of a container, or the hardening of a systemd unit. Lists all options at once:
// a host that needs one needs the others too.
std::string hint_for_confined(const Plan& plan, const char* cause) {
  if (is_in_unit(plan))
    return std::string(cause) +
           ", as a hardened systemd unit does: take RestrictNamespaces= out of it, and let SystemCallFilter= allow "
           "@system-service @mount landlock_create_ruleset landlock_add_rule landlock_restrict_self" +
           kHintWeaker;
  return std::string(cause) +
         ", as containers do: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
         "systempaths=unconfined, or podman run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
         "--security-opt unmask=ALL, or procMount: Unmasked (Kubernetes)" +
         kHintWeaker;
}

struct StageText {
  Stage stage;
  const char* tried;
  const char* hint;
};

constexpr StageText kStages[] = {
    {Stage::groups, "cannot put the box into its control groups", "run it without --limit, or see `stepbox doctor`"},
    {Stage::user_map, "cannot map the user's id into the box", "see the line about user namespaces in `stepbox doctor`"},
    {Stage::file_systems, "cannot create a file system for the box (fsopen)", kHintDoctor},
    {Stage::shared_memory, "cannot bound System V shared memory (kernel.shmall)", "set a limit (--limit memory=SIZE): it bounds these segments too"},
    {Stage::private_mounts, "cannot make the mounts of the box private", kHintDoctor},
    {Stage::step_clone, "cannot start the process of the step", "raise the limit on processes (ulimit -u), or the cgroup's pids.max"},
    {Stage::step_map, "cannot shift the ids of the step", kHintDoctor},
    {Stage::pivot, "cannot make the box the root of its processes", kHintDoctor},
    {Stage::loopback, "cannot bring up the loopback interface of the box", "use --network host or --network none"},
    {Stage::init_privileges, "cannot drop the privileges of the box's init", kHintDoctor},
    {Stage::processes, "cannot look after the processes of the step: this /proc belongs to another pid namespace",
     "mount a /proc of the current pid namespace"},
    {Stage::session, "cannot start a process group for the step", ""},
    {Stage::terminal, "cannot hand the terminal to the step", "run stepbox in the foreground, or with stdin from /dev/null"},
    {Stage::limits, "cannot lower the limits of the step's processes", ""},
    {Stage::keyring, "cannot give the step a session keyring of its own", "see kernel.keys.maxkeys and /proc/key-users"},
    {Stage::credentials, "cannot change to the step's user", kHintDoctor},
    {Stage::nesting, "cannot deny nested user namespaces", "allow nesting, or run on a host where /proc/sys/user is writable"},
    {Stage::capabilities, "cannot drop the capabilities of the step", kHintDoctor},
    {Stage::landlock, "cannot confine the step with Landlock", kHintDoctor},
    {Stage::seccomp, "cannot load the seccomp filter of the step", "the kernel needs CONFIG_SECCOMP_FILTER"},
    {Stage::descriptors, "cannot close the descriptors that the step must not have", ""},
};

Error mount_failure_text(const Plan& plan, const MountCall& call, int number) {
  const std::string target = quoted("/" + call.target);
  const std::string from = call.origin.place.empty() ? "" : " (" + call.origin.text() + ")";
  switch (call.act) {
    case MountAct::directory:
    case MountAct::file:
    case MountAct::symlink: {
      Error error = Error::from_errno("cannot make " + target + " in the box", number);
      if (number == ENOSPC) error.hint = "give the volume more room: --size, --inodes or --volume";
      return error;
    }
    case MountAct::tmpfs: {
      Error error = Error::from_errno("cannot create " + call.why + " at " + target + from, number);
      if (number == ENOSPC || number == ENOMEM)
        error.hint = "the kernel has no room for another mount: see fs.mount-max and the memory limit";
      else if (number == EPERM || number == EACCES)
        error.hint = hint_for_confined(plan, "mounting is forbidden here (seccomp, AppArmor or SELinux)");
      return error;
    }
    case MountAct::proc: {
      Error error = Error::from_errno("cannot mount a /proc for the box", number);
      if (number == EPERM)
        error.hint = hint_for_confined(plan, "parts of this /proc are masked");
      return error;
    }
    case MountAct::bind: {
      Error error = Error::from_errno("cannot show " + quoted(call.source) + " in the box as " + call.why + from, number);
      if (number == ELOOP) error.hint = "a symbolic link came up in the path while stepbox started; run it again";
      else if (number == EPERM || number == EACCES) error.hint = kHintDoctor;
      return error;
    }
    case MountAct::rebind:
    case MountAct::overlay:
    case MountAct::try_overlay:
    case MountAct::devpts:
    case MountAct::terminal:
    case MountAct::seal:
      return Error::from_errno("cannot set up " + target + " in the box (" + call.why + ")", number);
  }
  return Error::from_errno("cannot set up " + target, number);
}

// Entries of the root directory are not mounts of their own: the name "/.dockerenv" would be no help.
std::string place_of_file_system(const MountCall& call) {
  const bool is_of_root = call.why == "host" && call.id_mapped == IdMapped::required && call.source.rfind('/') == 0;
  return is_of_root ? "/" : call.source;
}

// Causes that do not depend on the attempt. The kernel is new enough, since stepbox has checked that before.
std::string general_hint(const Plan& plan, int number) {
  switch (number) {
    case EMFILE:
    case ENFILE: return remedy_for_shortage(number);
    case ENOSYS: return hint_for_confined(plan, "a seccomp filter hides a system call that stepbox needs");
    default: return kHintDoctor;
  }
}

Error text_of(const Plan& plan, Stage stage, int index, int number) {
  if (stage == Stage::id_map || stage == Stage::overlay || stage == Stage::try_overlay) {
    const MountCall& call = plan.files.mounts[static_cast<size_t>(index)];
    const bool is_trial = call.act == MountAct::try_overlay && stage == Stage::overlay;
    if (call.overlay >= 0 || is_trial || stage == Stage::try_overlay) return overlay_failure_text(plan, stage, call, number);
  }
  if (stage == Stage::mount) return mount_failure_text(plan, plan.files.mounts[static_cast<size_t>(index)], number);
  if (stage == Stage::cache_directory && plan.confinement.isolation != Isolation::full) {
    Error error = Error::from_errno("cannot make " + quoted(plan.files.box + "/" + plan.files.cache_directories[static_cast<size_t>(index)].target), number);
    error.hint = "set TMPDIR to a directory with more room";
    return error;
  }
  if (stage == Stage::cache_directory) return mount_failure_text(plan, plan.files.cache_directories[static_cast<size_t>(index)], number);
  if (stage == Stage::id_map)
    return Error::from_errno("the file system of " + quoted(place_of_file_system(plan.files.mounts[static_cast<size_t>(index)])) +
                                 " cannot be mounted with shifted ids",
                             number);
  if (stage == Stage::overlay)
    return Error::from_errno("no overlay can be put over " + quoted(plan.files.mounts[static_cast<size_t>(index)].source), number);
  if (stage == Stage::directory) {
    Error error = Error::from_errno("cannot change to " + quoted(plan.step.cwd) + " in the box", number);
    error.hint = number == ENOENT ? "the box does not show that directory; name it with --rw or --ro"
                                  : "the step's user must be able to enter it";
    return error;
  }
  if (stage == Stage::writes) {
    const WritablePath& writable = plan.confinement.writable[static_cast<size_t>(index)];
    Error error = Error::from_errno("cannot let the step write to " + quoted(writable.path) + " (" + writable.why + ")", number);
    if (number == ELOOP) error.hint = "a symbolic link came up in the path while stepbox started; run it again";
    return error;
  }
  for (const StageText& text : kStages) {
    if (text.stage != stage) continue;
    Error error = Error::from_errno(text.tried, number);
    error.hint = text.hint;
    if (stage == Stage::seccomp && number == kOutOfCompiledFilters)
      error.hint = "the kernel's room for compiled filters is used up: raise net.core.bpf_jit_limit (sysctl)";
    if (stage == Stage::seccomp && number == EBUSY)
      error.hint = "an outer seccomp filter has a listener already, as that of another stepbox with --seccomp-log: use the "
                   "option in only one of the two";
    if (stage == Stage::step_clone && (number == ENOSPC || number == EUSERS)) error.hint = kHintNamespaces;
    if (stage == Stage::step_clone && number == EPERM)
      error.hint = "user namespaces are refused: by a seccomp filter, or because stepbox was started in a chroot";
    if (stage == Stage::private_mounts && (number == EPERM || number == EACCES))
      error.hint = hint_for_confined(plan, "mounting is forbidden here (AppArmor, SELinux or seccomp)");
    if (stage == Stage::file_systems && number == EPERM)
      error.hint = hint_for_confined(plan, "a seccomp filter refuses fsopen(2)");
    if (stage == Stage::pivot && number == EPERM)
      error.hint = hint_for_confined(plan, "a seccomp filter refuses pivot_root(2)");
    if (stage == Stage::nesting && (number == EROFS || number == EACCES))
      error.hint = hint_for_confined(plan, "/proc/sys/user cannot be written here (mounted read-only, or AppArmor)");
    if (stage == Stage::user_map && (number == EPERM || number == EACCES)) {
      error.hint = plan.identity.uid == 0 ? "root without CAP_SETFCAP cannot map uid 0 (user_namespaces(7), Linux 5.12): run stepbox as an ordinary user" : "AppArmor restricts user namespaces here (Ubuntu 23.10 and later): "
                   "sysctl kernel.apparmor_restrict_unprivileged_userns=0, an AppArmor profile with `userns,`, or run stepbox as root";
      error.hint += kHintWeaker;
    }
    return error;
  }
  return Error::from_errno("cannot make the box", number);
}

}  // namespace

Error failure_text(const Plan& plan, Stage stage, int index, int number) {
  Error error = text_of(plan, stage, index, number);
  if (error.hint.empty() || number == EMFILE || number == ENFILE || number == ENOSYS) error.hint = general_hint(plan, number);
  return error;
}

Error clone_failure_text(const Plan& plan, int number) {
  const bool is_boxed = plan.confinement.isolation == Isolation::full;
  Error error = Error::from_errno(is_boxed ? "cannot create the namespaces of the box" : "cannot start a process to look after the step", number);
  const bool user = plan.identity.isolation == UidIsolation::mapped;
  switch (number) {
    case EPERM:
      error.hint = user ? hint_for_confined(plan, "user namespaces are refused: by Debian's switch (sysctl "
                                             "kernel.unprivileged_userns_clone=1, or run stepbox as root) or by a seccomp filter")
                        : "root lacks CAP_SYS_ADMIN or a seccomp filter refuses namespaces: in a container use --privileged or "
                          "--cap-add SYS_ADMIN with --security-opt seccomp=unconfined";
      break;
    case ENOSPC:
    case EUSERS:
      error.hint = kHintNamespaces;
      break;
    case EAGAIN: error.hint = "the limit on processes is reached: raise ulimit -u, or the cgroup's pids.max"; break;
    case ENOMEM: error.hint = "the kernel has no memory left for a new process"; break;
    case ENOSYS: error.hint = hint_for_confined(plan, "a seccomp filter hides clone3(2)"); break;
    case EINVAL: error.hint = "this kernel lacks one of the user, mount, pid, ipc, uts and cgroup namespaces (CONFIG_USER_NS and the like)"; break;
    default: error.hint = kHintDoctor; break;
  }
  // The caller may not be able to lift a restriction of a container or an administrator.
  const bool is_forbidden = number == EPERM || number == ENOSPC || number == EUSERS;
  if (is_boxed && is_forbidden && !error.hint.ends_with(kHintWeaker)) error.hint += kHintWeaker;
  return error;
}

Error early_end_text(const Plan& plan, std::string_view process, int status) {
  const std::string who(process);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    Error error = Error::from_errno("cannot make the box: " + who + " could not say what failed", WEXITSTATUS(status));
    error.hint = general_hint(plan, error.number);
    return error;
  }
  // A filter that kills the process leaves no errno.
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
    return {who + " was killed by a seccomp filter (SIGSYS) while the box was being made",
            hint_for_confined(plan, "an outer seccomp filter kills processes for a system call that stepbox needs")};
  const std::string how = WIFSIGNALED(status) ? " was killed by signal " + std::to_string(WTERMSIG(status)) : " ended";
  return {who + how + " while the box was being made",
          std::string(plan.limits.cgroup.find("memory") != nullptr ? "raise limits.memory, or " : "") +
              "look for an out-of-memory kill in the kernel log"};
}

}  // namespace stepbox::sandbox
