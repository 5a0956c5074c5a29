#include "host/find_warm_store.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "host/pass_over.hpp"
#include "sys/files.hpp"
#include "warm/store.hpp"

namespace stepbox::host {
namespace {

// Whether the step could open a way to a place that is closed to the caller. An ordinary user's step is the same user,
// and changes modes only where it can write.
bool could_open_way(const HostFacts& facts, const Policy& policy) {
  return facts.uid == 0 || policy.home.value != HomeMode::fresh ||
         std::ranges::any_of(policy.paths, [](const PathRule& rule) { return rule.access == PathAccess::rw; });
}

}  // namespace

Result<> find_warm_store(HostFacts& facts, const Policy& policy, const HomeNames& home) {
  if (policy.isolation.value == Isolation::env) return {};
  const auto path = warm::store_path(facts.uid == 0, [&](const char* name) { return facts.variable(name).value_or(std::string()); });
  if (!path) return {};  // neither this nor any other run can have a store
  if (facts.uid != 0 && policy.home.value == HomeMode::fresh && home.has_no(*path)) return {};
  const auto kind = sys::kind_of(*path);
  if (!kind && kind.error().number == EACCES && !could_open_way(facts, policy)) {
    pass_over(*path, kind.error());
    return {};
  }
  if (!kind)
    return std::unexpected(Error(kind.error()).within("the warm store").with_hint("see what is wrong there (ls -ld), or name another place: STEPBOX_WARM_STORE=DIRECTORY"));
  if (*kind != sys::PathKind::directory) return {};
  TRY_ASSIGN(const auto real, sys::real_path(*path));
  if (real && real->size() > 1) facts.kept_store = *real;
  return {};
}

}  // namespace stepbox::host
