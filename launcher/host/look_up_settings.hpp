// Finds the tools' settings files in the home.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"
#include "model/settings_file.hpp"

namespace stepbox::host {

// Fills facts.settings and facts.paths with the files that `settings: show` shows. Error: a file that may exist
// cannot be looked at. Files closed to the caller (EACCES) are skipped: the caller's own tools cannot read them either.
Result<> look_up_settings(HostFacts& facts, const Policy& policy);

// The files that exist now, and whether the step of this plan sees them. A file that cannot be looked at counts as
// existing, unless it is closed to the caller: better one name too many than one too few.
std::vector<SettingsFile> settings_of_home(const Plan& made, const Policy& policy, const HostFacts& facts);

}  // namespace stepbox::host
