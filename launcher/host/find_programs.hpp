// The program and script of the command line, where a mask would hide them.
#pragma once

#include <string>
#include <vector>

#include "model/host_facts.hpp"
#include "model/policy.hpp"

namespace stepbox::host {

// Sets facts.programs, and their entries of facts.paths: regular files alone, of programs such as can be executed. Nothing
// that a link in the checkout leads to, and no script that is a link: who named it need not know what it leads to. What
// cannot be looked at is passed over. Looks at no file that is in nobody's way.
void find_programs(HostFacts& facts, const Policy& policy, const std::vector<std::string>& argv);

}  // namespace stepbox::host
