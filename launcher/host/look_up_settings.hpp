// Which settings files of tools there are in the home.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"
#include "model/settings_file.hpp"

namespace stepbox::host {

// Those that `settings: show` shows: facts.settings, and facts.paths. Error: one may be there and cannot be looked at. The
// caller's own tools cannot read what is closed to the caller (EACCES), and do without.
Result<> look_up_settings(HostFacts& facts, const Policy& policy);

// Those that exist now, and whether the step of this plan sees them. What cannot be looked at counts as there, unless it
// is closed to the caller: it is named rather than left out.
std::vector<SettingsFile> settings_of_home(const Plan& made, const Policy& policy, const HostFacts& facts);

}  // namespace stepbox::host
