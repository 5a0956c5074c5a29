// Warm caches in a plan: which of them the step reads through, at which directories of the workspace, and which will be
// saved. Pure.
//
// Permissions: the operator names warm caches by option, variable or policy. A project's policy comes with the code under
// test; it gets those that `warm-offer` lists, to read only. One that only the project names is never saved, and one
// that is not offered is no mistake: the step starts cold, as on a machine without a warm store.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "caches/warm.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"
#include "plan/layout.hpp"
#include "plan/redirects.hpp"

namespace stepbox::plan {

// A directory that a warm cache covers.
struct CoveredDirectory {
  std::string path;  // below the workspace
  std::vector<WarmRule> rules;
  caches::WarmWhen when = caches::WarmWhen::always;
  std::vector<std::pair<std::string, std::string>> start = {};  // files that stepbox writes: name, text
};

// A warm cache that the policy names, before the store was looked at.
struct NamedCache {
  std::string name;
  const Origin* origin;                    // in the policy
  const WarmSpec* spec = nullptr;          // likewise
  const caches::WarmCache* known = nullptr;  // null: the owner's own
  std::vector<CoveredDirectory> directories = {};
  bool is_refused = false;  // the project's, and not offered
};

// Error: a name that is neither built in nor defined, a built-in one that is defined again, or two caches that cover the
// same directory.
Result<std::vector<NamedCache>> named_caches(const Policy& policy);

// Plan::warm, and the overlays for FilesPlan::overlays. Needs plan.identity. Notes what starts cold, and why. Error: as
// above, or a generation cannot be read and it was not the project that named it.
struct WarmPlan {
  std::vector<PlannedWarm> caches;
  std::vector<PlannedOverlay> overlays;
};
Result<WarmPlan> plan_warm(const Plan& plan, const Policy& policy, const HostFacts& facts, Remarks& remarks);

// The files that the step writes into warm directories before it becomes the command, for cache_directories.
std::vector<MountCall> warm_start_files(const Plan& plan, const HostFacts& facts);

// The settings of the warm caches that are read or will be saved.
std::vector<EnvEntry> warm_variables(const Plan& plan, const HostFacts& facts);

// Whether a touch of a lower file copies no content here: as far as the plan can know.
bool has_metacopy(const Identity& identity, const HostFacts& facts);

}  // namespace stepbox::plan
