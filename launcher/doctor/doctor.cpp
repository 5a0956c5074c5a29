#include "doctor/doctor.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>

#include "base/result.hpp"
#include "base/text.hpp"
#include "cgroup/cgroup.hpp"
#include "cgroup/hierarchies.hpp"
#include "host/gather_facts.hpp"
#include "host/id_range.hpp"
#include "model/box_limits.hpp"
#include "model/units.hpp"
#include "plan/parts.hpp"
#include "run/run_step.hpp"
#include "sandbox/credentials.hpp"
#include "sandbox/landlock.hpp"
#include "sandbox/seccomp.hpp"
#include "seccomp/filters.hpp"
#include "sys/calls.hpp"
#include "sys/fd.hpp"

namespace stepbox::doctor {
namespace {

using sys::error_of;

// Runs a probe in a child and returns the errno it found. What the probe makes (namespaces, mounts) dies
// with the child.
int in_child(const std::function<int()>& probe) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(probe());
  if (child < 0) return errno;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno != ECHILD) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

// Enters namespaces as a box does: an ordinary user first enters a user namespace and maps itself.
int enter(int flags, const HostFacts& facts) {
  if (facts.privileged) return flags == 0 ? 0 : error_of(::unshare(flags));
  const std::string uid = std::to_string(facts.uid) + " " + std::to_string(facts.uid) + " 1";
  const std::string gid = std::to_string(facts.gid) + " " + std::to_string(facts.gid) + " 1";
  if (::unshare(flags | CLONE_NEWUSER) != 0) return errno;
  if (const int error = sandbox::write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny", 4); error != 0) return error;
  if (const int error = sandbox::write_file_at(AT_FDCWD, "/proc/self/uid_map", uid.data(), uid.size()); error != 0) return error;
  return sandbox::write_file_at(AT_FDCWD, "/proc/self/gid_map", gid.data(), gid.size());
}

int new_filesystem(const char* type, const char* key = nullptr, const char* value = nullptr) {
  const sys::Fd context(sys::fsopen(type));
  if (!context) return errno;
  if (key != nullptr && sys::fsconfig_string(context.get(), key, value) != 0) return errno;
  if (sys::fsconfig_create(context.get()) != 0) return errno;
  const sys::Fd mount(sys::fsmount(context.get(), MOUNT_ATTR_NOSUID));
  return mount ? 0 : errno;
}

int try_user_namespace(const HostFacts& facts) { return enter(0, facts); }

int try_mount(const HostFacts& facts) {
  if (const int error = enter(CLONE_NEWNS, facts); error != 0) return error;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  return new_filesystem("tmpfs");
}

int try_huge(const HostFacts& facts) {
  if (const int error = enter(CLONE_NEWNS, facts); error != 0) return error;
  return new_filesystem("tmpfs", "huge", "within_size");
}

int try_proc(const HostFacts& facts) {
  if (const int error = enter(CLONE_NEWNS | CLONE_NEWPID, facts); error != 0) return error;
  // A process enters the new pid namespace only by being born into it.
  return in_child([] { return new_filesystem("proc"); });
}

int try_namespaces(const HostFacts& facts) { return enter(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP, facts); }

int try_socket_scope(const HostFacts& facts) {
  if (!facts.has_socket_scope) return facts.landlock_error != 0 ? facts.landlock_error : EOPNOTSUPP;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  Plan plan;
  plan.confinement.scope_sockets = true;
  return sandbox::enter_landlock(plan, -1).error;
}

int try_confined_writes(const HostFacts& facts) {
  if (facts.landlock_abi < sandbox::kLandlockForWrites) return facts.landlock_error != 0 ? facts.landlock_error : EOPNOTSUPP;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  Plan plan;
  plan.confinement.isolation = Isolation::landlock;
  plan.confinement.landlock_abi = facts.landlock_abi;
  const sys::Fd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory ? sandbox::enter_landlock(plan, directory.get()).error : errno;
}

int try_network(const HostFacts& facts) { return enter(CLONE_NEWNET, facts); }

int try_seccomp(const HostFacts&) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  const auto filter = seccomp::find_filter("strict");
  return filter ? sandbox::load_filter(**filter) : EINVAL;
}

// A child waits in a shifted user namespace while the parent uses that to map a copy of the directory.
int try_id_map(const std::string& path, uint32_t base) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return errno;
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  const pid_t child = sys::clone3(arguments);
  if (child == 0) {
    char byte = 0;
    ::close(ready[1]);
    [[maybe_unused]] const ssize_t end_of_file = ::read(ready[0], &byte, 1);
    ::_exit(0);
  }
  if (child < 0) return errno;
  const std::string process = "/proc/" + std::to_string(child);
  const std::string map = "0 " + std::to_string(base) + " 65536";
  int error = sandbox::write_file_at(AT_FDCWD, (process + "/uid_map").c_str(), map.data(), map.size());
  if (error == 0) error = sandbox::write_file_at(AT_FDCWD, (process + "/gid_map").c_str(), map.data(), map.size());
  const sys::Fd user(::open((process + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  const sys::Fd tree(sys::clone_tree(AT_FDCWD, path.c_str(), 0));
  if (error == 0 && (!user || !tree)) error = errno;
  if (error == 0) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<uint64_t>(user.get());
    error = error_of(sys::mount_setattr(tree.get(), 0, attributes));
  }
  ::close(ready[1]);
  ::waitpid(child, nullptr, 0);
  return error;
}

struct Probe {
  std::string_view name;
  std::string_view what_for;
  int (*attempt)(const HostFacts& facts);
  bool needs_user_namespace;  // unless privileged
  Finding when_refused;
  std::string_view remedy;
};

constexpr Probe kProbes[] = {
    {"user-namespaces", "an ordinary user's box; as root, the step's own ids", try_user_namespace, false, Finding::missing,
     "sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone must not be 0; on Ubuntu 23.10 and later an AppArmor "
     "profile with `userns,` or kernel.apparmor_restrict_unprivileged_userns=0; in a container --security-opt seccomp=unconfined; "
     "or run stepbox as root with CAP_SYS_ADMIN"},
    {"mounts", "the workspace and its quota", try_mount, true, Finding::missing,
     "mounting is refused: start the container with --security-opt apparmor=unconfined --security-opt seccomp=unconfined"},
    {"new-proc", "the box's own /proc", try_proc, true, Finding::missing,
     "parts of /proc are masked: start the container with --security-opt systempaths=unconfined (docker), procMount: Unmasked "
     "(Kubernetes) or --security-opt unmask=ALL (podman)"},
    {"other-namespaces", "own System V IPC, host name and cgroup view", try_namespaces, true, Finding::missing,
     "raise user.max_ipc_namespaces, user.max_uts_namespaces and user.max_cgroup_namespaces; in a container --security-opt "
     "seccomp=unconfined"},
    {"seccomp", "system calls that reach past the box are refused", try_seccomp, false, Finding::missing, "the kernel needs CONFIG_SECCOMP_FILTER"},
    {"network-namespaces", "--network loopback and none", try_network, true, Finding::degraded, "raise user.max_net_namespaces; in a container --security-opt seccomp=unconfined"},
    {"socket-scope", "the host's abstract sockets are out of reach under --network host", try_socket_scope, false, Finding::degraded,
     "needs Linux 6.12 with CONFIG_SECURITY_LANDLOCK, and landlock in the kernel's list lsm=; or use --network loopback or none"},
    {"confined-writes", "--isolation landlock, a weaker mode for hosts without namespaces", try_confined_writes, false, Finding::degraded,
     "needs Linux 5.19 with CONFIG_SECURITY_LANDLOCK, and landlock in the kernel's list lsm=; --isolation env needs nothing, and "
     "protects less"},
    {"huge-pages", "large writes to the workspace several times faster", try_huge, true, Finding::degraded,
     "the kernel needs CONFIG_TRANSPARENT_HUGEPAGE"},
};

Check run_probe(const Probe& probe, const HostFacts& facts, bool has_user_namespaces) {
  Check check{.name = probe.name, .what_for = probe.what_for, .finding = Finding::works, .cause = {}, .remedy = {}};
  if (probe.needs_user_namespace && !facts.privileged && !has_user_namespaces) {
    check.finding = probe.when_refused;
    check.cause = "not tried: needs user-namespaces";
    check.remedy = "see user-namespaces; then run `stepbox doctor` again";
    return check;
  }
  const int error = in_child([&] { return probe.attempt(facts); });
  if (error == 0) return check;
  check.finding = probe.when_refused;
  check.cause = Error::from_errno("tried it", error).message;
  check.remedy = probe.remedy;
  return check;
}

Check id_shift(HostFacts& facts) {
  Check check{.name = "id-shift", .what_for = "the host's uid 0 stays out of the box", .finding = Finding::works, .cause = {}, .remedy = {}};
  const Result<sys::Fd> range = host::claim_id_range(facts);
  if (!range) {
    check.finding = Finding::missing;
    check.cause = range.error().message;
    check.remedy = range.error().hint;
    return check;
  }
  if (facts.no_shift_reason.empty()) {
    for (const std::string& path : {std::string("/"), facts.checkout}) {
      const int error = in_child([&] { return try_id_map(path, facts.shift_base); });
      if (error == 0) continue;
      facts.no_shift_reason = Error::from_errno("the file system of " + quoted(path) + " cannot be mounted with shifted ids", error).message;
      break;
    }
  }
  if (facts.no_shift_reason.empty()) return check;
  check.finding = Finding::degraded;
  check.cause = facts.no_shift_reason;
  check.remedy = "put the checkout on ext4, xfs or btrfs (tmpfs from Linux 6.3 on) and use a full id range; or run stepbox as an ordinary user. "
                 "Until then the step is real root with capabilities cut";
  return check;
}

// Tries one limit, in a group that is made for it and removed again.
Check try_limit(const BoxLimit& row, const Limits& limits, const HostFacts& facts) {
  Check check{.name = row.check, .what_for = row.option, .finding = Finding::works, .cause = {}, .remedy = {}};
  if (const std::string reason = plan::reason_against_limit(facts, row.name()); !reason.empty()) {
    check.finding = Finding::degraded;
    check.cause = reason;
    check.remedy = plan::how_to_get_own_group(facts);
    return check;
  }
  Policy policy;
  policy.limits = limits;
  Remarks remarks;
  auto planned = plan::plan_limits(Identity(), policy, facts, remarks);
  if (planned)
    if (auto made = cgroup::Cgroup::create(planned->cgroup); !made) planned = std::unexpected(std::move(made.error().error));
  if (planned) return check;
  check.finding = Finding::degraded;
  check.cause = planned.error().message;
  check.remedy = planned.error().hint;
  return check;
}

std::vector<Check> limits(HostFacts& facts) {
  if (const Result<> looked = host::look_up_groups(facts); !looked)
    return {{.name = "limits", .what_for = "--limit", .finding = Finding::degraded, .cause = looked.error().message, .remedy = looked.error().hint}};
  const Origin origin{.layer = Layer::built_in, .place = "doctor"};
  std::vector<Check> checks;
  for (const BoxLimit& row : kBoxLimits) {
    Limits alone;
    set_amount(alone, row, row.tried_amount, origin);
    checks.push_back(try_limit(row, alone, facts));
  }
  return checks;
}

Check default_policy(std::vector<Protection>& protections, bool is_in_project) {
  Check check{.name = "default-policy", .what_for = "a step runs under it", .finding = Finding::works, .cause = {}, .remedy = {}};
  run::RunRequest request;
  request.argv = {"true"};
  // The host's abilities do not depend on the directory in which doctor starts, but a run from / or a home is refused.
  if (!is_in_project) request.settings.push_back({.key = "source.mode", .value = "none", .origin = {.layer = Layer::command_line, .place = "doctor"}});
  const Result<Report> report = run::run_step(request, run::Attribution::when_full);
  if (!report) {
    check.finding = Finding::missing;
    check.cause = report.error().message;
    check.remedy = report.error().hint;
    if (check.remedy.contains("stepbox doctor")) check.remedy = "see what is missing above";
    return check;
  }
  protections = report->protections;
  if (report->exit_code != 0) {
    check.finding = Finding::missing;
    check.cause = "`true` did not succeed: " + report->sentence;
    check.remedy = "is there a program named true in PATH?";
  }
  return check;
}

Check kernel_only(const Error& error) {
  return {.name = "host", .what_for = "anything", .finding = Finding::missing, .cause = error.message, .remedy = error.hint};
}

}  // namespace

const char* name_of(Finding finding) {
  switch (finding) {
    case Finding::works: return "works";
    case Finding::missing: return "missing";
    case Finding::degraded: return "degraded";
  }
  return "";
}

Examination examine_host() {
  Result<HostFacts> facts = host::gather_facts();
  if (!facts) return {.checks = {kernel_only(facts.error())}, .protections = {}};
  Examination found;
  std::vector<Check>& checks = found.checks;
  for (const Probe& probe : kProbes)
    checks.push_back(run_probe(probe, *facts, !checks.empty() && checks.front().finding == Finding::works));
  if (facts->privileged) checks.push_back(id_shift(*facts));
  for (Check& check : limits(*facts)) checks.push_back(std::move(check));
  checks.push_back(default_policy(found.protections, plan::is_project(*facts)));
  return found;
}

}  // namespace stepbox::doctor
