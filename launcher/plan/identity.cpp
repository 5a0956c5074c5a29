#include <linux/capability.h>

#include "plan/parts.hpp"

namespace stepbox::plan {
namespace {

// The capabilities of a step that is root in its own user namespace, or real root where ids cannot be shifted: enough
// to install packages and to satisfy build scripts that expect root, and nothing that acts on the host. Mapping uid 0
// into a nested user namespace needs SETFCAP (user_namespaces(7), Linux 5.12).
const std::vector<int> kRootCapabilities = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,  CAP_FSETID,
                                            CAP_KILL,   CAP_SETGID,       CAP_SETUID,  CAP_SETPCAP,
                                            CAP_SETFCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT};

constexpr uint32_t kShiftedIds = 65536;

// The ids 0..65535, plus the checkout's owner if its id is higher, so that the step can write to a directory user's
// files.
std::vector<IdExtent> shifted(uint32_t base, uint32_t checkout_owner) {
  std::vector<IdExtent> extents = {{0, base, kShiftedIds}};
  if (checkout_owner >= kShiftedIds) extents.push_back({checkout_owner, base + kShiftedIds, 1});
  return extents;
}

std::vector<IdExtent> to_themselves(const std::vector<HostFacts::IdRange>& ranges) {
  std::vector<IdExtent> extents;
  for (const HostFacts::IdRange& range : ranges) extents.push_back({range.first, range.first, range.count});
  return extents;
}

Identity of_caller(const HostFacts& facts) {
  return {.isolation = UidIsolation::mapped,
          .uids = {{facts.uid, facts.uid, 1}},
          .gids = {{facts.gid, facts.gid, 1}},
          .uid = facts.uid,
          .gid = facts.gid,
          .owner_uid = facts.uid,
          .owner_gid = facts.gid,
          .capabilities = {}};
}

Identity without_namespace(const HostFacts& facts) {
  Identity identity = of_caller(facts);
  identity.isolation = UidIsolation::none;
  identity.uids.clear();
  identity.gids.clear();
  if (facts.uid == 0) identity.capabilities = kRootCapabilities;
  std::erase_if(identity.capabilities, [&](int capability) { return (facts.capabilities >> capability & 1) == 0; });
  return identity;
}

Identity of_shifted_root(const HostFacts& facts) {
  return {.isolation = UidIsolation::shifted,
          .uids = shifted(facts.shift_base, facts.checkout_uid),
          .gids = shifted(facts.shift_base, facts.checkout_gid),
          .uid = 0,
          .gid = 0,
          .owner_uid = facts.shift_base,
          .owner_gid = facts.shift_base,
          .capabilities = kRootCapabilities};
}

Identity of_real_root(const HostFacts& facts) {
  Identity identity = of_caller(facts);
  identity.isolation = UidIsolation::degraded;
  identity.uids = to_themselves(facts.uid_ranges);
  identity.gids = to_themselves(facts.gid_ranges);
  identity.capabilities = kRootCapabilities;
  // With chroot(2) the step could escape from a box whose root is not the root of its mount namespace.
  std::erase(identity.capabilities, CAP_SYS_CHROOT);
  // A file capability set by the step would belong to the host's uid 0, and be valid for every user of the host
  // (capabilities(7), namespaced file capabilities). Only nested namespaces need SETFCAP, and they are denied here.
  std::erase(identity.capabilities, CAP_SETFCAP);
  return identity;
}

}  // namespace

Identity plan_identity(Isolation isolation, const HostFacts& facts) {
  if (isolation != Isolation::full) return without_namespace(facts);
  if (!facts.privileged) return of_caller(facts);
  return facts.no_shift_reason.empty() ? of_shifted_root(facts) : of_real_root(facts);
}

}  // namespace stepbox::plan
