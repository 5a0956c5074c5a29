// Resolves the policy of a run from its layers, wherever this host and this caller keep them.
#pragma once

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/policy.hpp"
#include "run/run_step.hpp"

namespace stepbox::run {

// Needs the facts of gather_facts(): the checkout, the home, the memory.
Result<Policy> resolve_policy(const RunRequest& request, const HostFacts& facts);

}  // namespace stepbox::run
