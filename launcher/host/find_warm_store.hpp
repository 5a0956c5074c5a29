// Looks for the caller's warm store, which boxes hide.
#pragma once

#include "base/result.hpp"
#include "host/home_names.hpp"
#include "model/host_facts.hpp"
#include "model/policy.hpp"

namespace stepbox::host {

// Fills facts.kept_store. Where there is no store, this is one look, or none where a fresh home masks the place anyway
// and the list of the home's names tells. `home` is that list. Error: what is there cannot be seen.
Result<> find_warm_store(HostFacts& facts, const Policy& policy, const HomeNames& home);

}  // namespace stepbox::host
