// Finds the program and script of the command line if a mask would hide them.
#pragma once

#include <string>
#include <vector>

#include "model/host_facts.hpp"
#include "model/policy.hpp"

namespace stepbox::host {

// Sets facts.programs, and their entries in facts.paths. Takes regular files only, and programs only if executable.
// Takes nothing that a link in the checkout leads to, and no script that is a link: the author of the command line
// may not know the link's target. Skips files that it cannot look at. Does not look at files that no mask hides.
void find_programs(HostFacts& facts, const Policy& policy, const std::vector<std::string>& argv);

}  // namespace stepbox::host
