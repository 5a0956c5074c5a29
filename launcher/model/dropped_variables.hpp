// The variables that the step does not have at all. Plan::unset also has those that stepbox sets anew (HOME).
#pragma once

#include <string>
#include <vector>

#include "model/plan.hpp"

namespace stepbox {

std::vector<std::string> dropped_variables(const Plan& plan);

}  // namespace stepbox
