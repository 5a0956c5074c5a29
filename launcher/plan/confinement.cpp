#include <algorithm>

#include "base/text.hpp"
#include "plan/parts.hpp"
#include "sandbox/landlock.hpp"

namespace stepbox::plan {
namespace {

// Whether the policy lets the step reach the host's X server. X clients try the abstract name first, and do not try
// the path at all when the kernel forbids the name (libxcb, _xcb_open).
bool names_display(const Policy& policy) {
  return std::ranges::any_of(policy.paths, [](const PathRule& rule) {
    return rule.access != PathAccess::hide && is_within("/tmp/.X11-unix", rule.path);
  });
}

SegmentBound segment_bound(const LimitsPlan& limits, const Policy& policy) {
  if (limits.cgroup.find("memory") != nullptr) return SegmentBound::by_memory_limit;
  return is_required(policy, "quota") ? SegmentBound::required : SegmentBound::if_possible;
}

}  // namespace

Confinement plan_confinement(const Identity& identity, const LimitsPlan& limits, const Policy& policy, const HostFacts& facts) {
  Confinement planned;
  planned.isolation = policy.isolation.value;
  const bool is_boxed = planned.isolation == Isolation::full;
  planned.gaps = gaps_of(planned.isolation, facts.landlock_abi);
  planned.network = policy.network.value;
  planned.landlock_abi = facts.landlock_abi;
  const bool has_scopes = facts.has_socket_scope && planned.isolation != Isolation::env;
  // A separate network namespace has its own abstract names, as a pid namespace has its own processes.
  planned.scope_sockets = has_scopes && planned.network == NetworkMode::host && !names_display(policy);
  planned.scope_signals = has_scopes && planned.isolation == Isolation::landlock;
  planned.seccomp = facts.seccomp;
  planned.seccomp_log = policy.seccomp_log.value;
  planned.deny_nesting = !policy.allow_nesting.value || identity.isolation == UidIsolation::degraded;
  planned.scope_path_sockets = is_boxed && planned.network != NetworkMode::host && planned.deny_nesting &&
                               facts.landlock_abi >= sandbox::kLandlockForPathSockets;
  // Real root owns the host's cgroup files, and could write to them from a nested namespace.
  planned.deny_cgroup_namespaces = is_boxed && identity.owner_uid == 0 && !facts.root_is_mapped_elsewhere;
  planned.segments = segment_bound(limits, policy);
  return planned;
}

}  // namespace stepbox::plan
