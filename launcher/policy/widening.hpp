// What "wider" means for each key that a project policy may tighten. The functions behind
// KeyRow::widening: pure comparisons of two policies. limit_values.hpp has those of limits.
#pragma once

#include <vector>

#include "model/volume_shares.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

// A value and its origin, for the sentence.
struct Named {
  std::string text;
  const Origin& origin;
};

// "CHANGED is wider than the BASE of ORIGIN". `name` as in Setting.
Widening wider(const Named& changed, const Named& base, std::string_view name = {});

// For an amount that limits. If no layer below sets it, any limit tightens.
template <class Amount>
std::optional<Widening> widens_amount(const Sourced<std::optional<Amount>>& base,
                                      const Sourced<std::optional<Amount>>& changed, std::string (*text)(Amount)) {
  if (!base.value || !changed.value || *changed.value <= *base.value) return {};
  return wider({text(*changed.value), changed.origin}, {text(*base.value), base.origin});
}

std::optional<Widening> widens_size(const Policy& base, const Policy& changed, uint64_t memory);
std::optional<Widening> widens_inodes(const Policy& base, const Policy& changed, uint64_t memory);

// A volume with limits of its own is a tmpfs of its own, beside the workspace (model/volume_shares.hpp). So neither a
// single volume nor all together may hold more than before.
std::optional<Widening> widens_volumes(const Policy& base, const Policy& changed, uint64_t memory);

// All shares together; the largest number if they come to more.
uint64_t sum_of(const std::vector<Share>& shares);

// Takes the volumes with the same limits out of both policies, so that they count in neither sum.
void drop_common_volumes(Policy& a, Policy& b);

// The name of a file does not tell what it refuses, so asking for a file or replacing one counts as wider.
std::optional<Widening> widens_seccomp(const Policy& base, const Policy& changed, uint64_t memory);

// Without a limit below, the step may take for ever, so any limit is tighter.
std::optional<Widening> widens_timeout(const Policy& base, const Policy& changed, uint64_t memory);
std::optional<Widening> widens_silence(const Policy& base, const Policy& changed, uint64_t memory);
std::optional<Widening> widens_grace(const Policy& base, const Policy& changed, uint64_t memory);

// A new pattern would let through variables that an operator clears, now or in a layer above. The harmless
// names that a built-in policy keeps may come with its own clearing.
std::optional<Widening> widens_env_keep(const Policy& base, const Policy& changed, uint64_t memory);

}  // namespace stepbox::policy
