#include "plan/kept_store.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "plan/make_plan.hpp"

namespace stepbox::plan {

StoreInBox store_in_box(const Policy& policy, const HostFacts& facts) {
  if (facts.kept_store.empty()) return StoreInBox::absent;
  StoreInBox found = StoreInBox::hidden;
  for (const PathRule& rule : policy.paths) {
    if (rule.access == PathAccess::hide) continue;
    const HostFacts::NamedPath* named = facts.find(expand_home(rule.path, facts));
    if (named == nullptr || !is_within(named->real, facts.kept_store)) continue;
    if (named->real == facts.kept_store) return StoreInBox::as_named;
    found = StoreInBox::read_only;
  }
  return found;
}

}  // namespace stepbox::plan
