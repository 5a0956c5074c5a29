#include <algorithm>
#include <cstdint>

#include "base/text.hpp"
#include "plan/parts.hpp"
#include "sandbox/landlock.hpp"

namespace stepbox::plan {
namespace {

Protection active(std::string name) { return {std::move(name), true, ProtectionState::active, {}}; }

// How to get a required protection that is not in force.
std::string hint_for(const Protection& protection) {
  const std::string_view name = protection.name;
  if (name == "quota") return "set a limit (--limit memory=SIZE), or use --nesting deny";
  if (name == "network-isolation" || name == "abstract-sockets") return "use --network loopback or --network none";
  if (name == "host-files" && protection.state == ProtectionState::off) return "use --root system";
  if (name == "path-sockets" && protection.state == ProtectionState::off) return "use --network loopback or --network none";
  if (name == "path-sockets") return "use --root system with --source ro, and name single files instead of directories to write to";
  if (name == "nesting-denied") return "use --nesting deny";
  if (name == "kernel-memory") return "use --xattr deny, a built-in seccomp profile without --seccomp-log, at most " + std::to_string(kMostOpenFiles) + " open files, and --nesting deny with limits of cgroup v1";
  if (name == "seccomp") return "use --seccomp default, without --seccomp-log";
  return "`stepbox doctor` shows what this host lacks";
}

// The kernel limits the volumes in any case. But a step that can make mount namespaces can mount memory that belongs
// to no volume, and then only a memory limit bounds it.
Protection quota(const Plan& plan, const Policy& policy, const HostFacts& facts) {
  if (facts.memory_usable < facts.memory_total || plan.limits.cgroup.find("memory") != nullptr) return active("quota");
  if (plan.confinement.deny_nesting)
    return {"quota", true, ProtectionState::active,
            "of the volumes; without a memory limit, nothing bounds memory files (memfd_create)" +
                std::string(plan.identity.isolation == UidIsolation::mapped ? ", System V segments" : "") +
                " and the memory of programs"};
  return {"quota", is_required(policy, "quota"), ProtectionState::degraded,
          "nested sandboxes are allowed and there is no memory limit, so that a nested mount namespace can use memory "
          "beyond the volumes"};
}

Protection uid_isolation(const Plan& plan, const HostFacts& facts) {
  if (plan.identity.isolation == UidIsolation::degraded)
    return {"uid-isolation", true, ProtectionState::degraded, facts.no_shift_reason};
  if (plan.identity.owner_uid == 0 && !facts.root_is_mapped_elsewhere)
    return {"uid-isolation", true, ProtectionState::degraded, "the caller is uid 0 without the privilege to shift ids"};
  return active("uid-isolation");
}

Protection host_files(const Plan& plan, const Policy& policy, const HostFacts& facts) {
  if (policy.root.value != RootMode::system)
    return {"host-files", is_required(policy, "host-files"), ProtectionState::off, std::string("root: ") + name_of(policy.root.value)};
  // Files that others may not read were covered where stepbox found them. Their owner can also read files that appear
  // later.
  if (plan.identity.owner_uid == 0)
    return {"host-files", true, ProtectionState::degraded,
            "the step's uid 0 owns the files of the " + std::string(facts.root_is_mapped_elsewhere ? "container" : "host") +
                ": it can read files put into /etc during the run, whatever their mode"};
  return {"host-files", true, ProtectionState::active, {}};
}

Protection network_isolation(const Plan& plan, const HostFacts& facts) {
  if (plan.confinement.network != NetworkMode::host) {
    const bool is_whole = path_sockets(plan, facts).state == ProtectionState::active;
    return {"network-isolation", true, ProtectionState::active, is_whole ? "" : "except for sockets that are files, see path-sockets"};
  }
  return {"network-isolation", false, ProtectionState::off, "network: host"};
}

Protection abstract_sockets(const Plan& plan, const HostFacts& facts, Remarks& remarks) {
  if (plan.confinement.network != NetworkMode::host || plan.confinement.scope_sockets) return active("abstract-sockets");
  if (facts.landlock_error != 0) {
    const std::string reason = Error::from_errno("network: host, and cannot ask the kernel what its Landlock can do", facts.landlock_error).message;
    remarks.warnings.push_back("abstract sockets of the host are within the step's reach: " + reason + "; --network loopback or none keeps them out");
    return {"abstract-sockets", false, ProtectionState::degraded, reason};
  }
  return {"abstract-sockets", false, ProtectionState::off,
          facts.has_socket_scope ? "the policy lets the host's display in (/tmp/.X11-unix)"
                                 : "network: host, and the kernel has no Landlock scopes (Linux 6.12)"};
}

Protection seccomp(const Plan& plan) {
  const std::string profile = escaped(plan.confinement.seccomp->profile);
  if (plan.confinement.seccomp->program.empty()) return {"seccomp", false, ProtectionState::off, "seccomp: " + profile};
  if (plan.confinement.seccomp_log) return {"seccomp", true, ProtectionState::degraded, "profile " + profile + ", log mode: nothing is refused"};
  return {"seccomp", true, ProtectionState::active, "profile " + profile};
}

// The planned limit; without one, no bound. The default policy sets one (policies/default.yaml).
uint64_t most_open_files(const Plan& plan) {
  const auto limit = std::ranges::find(plan.limits.process_limits, RLIMIT_NOFILE, &ProcessLimitSpec::resource);
  return limit == plan.limits.process_limits.end() ? UINT64_MAX : limit->value;
}

// Kernel memory that no limit counts must be refused, or bounded by another limit.
Protection kernel_memory(const Plan& plan, const Policy& policy) {
  std::vector<std::string> reasons;
  if (policy.allow_xattr.value)
    reasons.push_back("xattr: allow, and access lists (POSIX ACLs) are counted by no limit");
  else if (!plan.confinement.seccomp->bounds_memory || plan.confinement.seccomp_log)
    reasons.push_back("seccomp: " + escaped(plan.confinement.seccomp->profile) + (plan.confinement.seccomp_log ? ", log mode" : "") +
                      " does not refuse access lists (POSIX ACLs) and keys, which no limit counts");
  if (const uint64_t most = most_open_files(plan); most > kMostOpenFiles)
    reasons.push_back("limits.open-files lets poll(2) take more than " + human_bytes(kMostOpenFiles * 8) + " for each thread");
  if (!plan.confinement.deny_nesting && std::ranges::any_of(plan.limits.cgroup.groups, [](const PlannedGroup& group) { return !group.unified && group.has_inner; }))
    reasons.push_back("cgroup v1 does not count the TCP buffers of groups that a nested sandbox makes for itself");
  if (!reasons.empty()) return {"kernel-memory", false, ProtectionState::degraded, join(reasons, "; ")};
  return {"kernel-memory", true, ProtectionState::active, "but no kernel counts record locks, nor cgroup v1 UDP buffers"};
}

Protection nesting_denied(const Plan& plan) {
  if (plan.confinement.deny_nesting) return active("nesting-denied");
  return {"nesting-denied", false, ProtectionState::off, "nesting: allow"};
}

// Without a box. No protection counts as requested: the user chose the mode by name, and stepbox lists its gaps.
std::vector<Protection> without_box(const Plan& plan, const Policy& policy, const HostFacts& facts) {
  const std::string mode = std::string("isolation: ") + name_of(plan.confinement.isolation);
  const auto off = [&mode](std::string name) { return Protection{std::move(name), false, ProtectionState::off, mode}; };
  const auto degraded = [](std::string name, std::string reason) {
    return Protection{std::move(name), false, ProtectionState::degraded, std::move(reason)};
  };
  const bool is_confined = plan.confinement.isolation == Isolation::landlock;
  std::string writes = "Landlock confines writes, but neither reads nor modes and owners";
  if (facts.landlock_abi < sandbox::kLandlockForTruncate) writes += ", nor truncate(2) before Linux 6.2";
  return {off("quota"),
          is_confined ? degraded("mount-isolation", writes) : off("mount-isolation"),
          off("host-files"),
          degraded("pid-isolation", plan.confinement.scope_signals ? "processes are found by parentage, and cannot signal others"
                                                       : "processes are found by parentage"),
          off("ipc-isolation"),
          off("uid-isolation"),
          network_isolation(plan, facts),
          plan.confinement.scope_sockets ? active("abstract-sockets") : off("abstract-sockets"),
          off("path-sockets"),
          active("no-new-privileges"),
          active("capabilities"),
          seccomp(plan),
          kernel_memory(plan, policy),
          off("nesting-denied")};
}

std::vector<Protection> of_box(const Plan& plan, const Policy& policy, const HostFacts& facts, Remarks& remarks) {
  return {quota(plan, policy, facts), active("mount-isolation"), host_files(plan, policy, facts), active("pid-isolation"),
          active("ipc-isolation"), uid_isolation(plan, facts), network_isolation(plan, facts), abstract_sockets(plan, facts, remarks),
          path_sockets(plan, facts), active("no-new-privileges"), active("capabilities"), seccomp(plan),
          kernel_memory(plan, policy), nesting_denied(plan)};
}

}  // namespace

bool is_required(const Policy& policy, std::string_view protection) {
  return std::ranges::find(policy.require, protection, &RequiredProtection::name) != policy.require.end();
}

void weaken(Plan& plan, std::string_view protection, const std::string& reason) {
  const auto found = std::ranges::find(plan.protections, protection, &Protection::name);
  if (found == plan.protections.end()) return;
  found->reason = found->state == ProtectionState::active ? reason : found->reason + "; " + reason;
  found->state = ProtectionState::degraded;
  plan.remarks.warnings.push_back("protection " + quoted(protection) + " is degraded: " + reason);
}

Result<> check_required(const Plan& plan, const Policy& policy) {
  const bool is_boxed = plan.confinement.isolation == Isolation::full;
  for (const RequiredProtection& required : policy.require) {
    const auto found = std::ranges::find(plan.protections, required.name, &Protection::name);
    if (found == plan.protections.end())
      return fail("this version of stepbox has no protection " + quoted(required.name) + " (" + required.origin.text() + ")");
    if (found->state == ProtectionState::active) continue;
    return fail("protection " + quoted(required.name) + " is required by " + required.origin.text() + " but is " +
                    name_of(found->state) + ": " + found->reason,
                is_boxed || required.name == "seccomp" ? hint_for(*found) : "use --isolation full");
  }
  return {};
}

Result<std::vector<Protection>> plan_protections(const Plan& plan, const Policy& policy, const HostFacts& facts, Remarks& remarks) {
  if (plan.confinement.seccomp_log && plan.confinement.seccomp->program.empty())
    return fail("there is nothing to log for seccomp-log (" + escaped(policy.seccomp_log.origin.text()) +
                    "): no system call is refused (" + escaped(policy.seccomp.origin.text()) + ")",
                "choose a profile, as with --seccomp default, or leave --seccomp-log out");
  const bool is_boxed = plan.confinement.isolation == Isolation::full;
  return is_boxed ? of_box(plan, policy, facts, remarks) : without_box(plan, policy, facts);
}

}  // namespace stepbox::plan
