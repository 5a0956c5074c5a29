// The plan of a run for machines: what `stepbox explain --json` prints.
#pragma once

#include <string>

#include "model/plan.hpp"
#include "model/policy.hpp"

namespace stepbox::report {

// Schema version 1, ending in a newline. Records at the root and in lists, so that it can grow; `from` names the origin
// of a value, and is null if it has none. Only variables that stepbox itself sets appear with their value. Bytes that
// are not UTF-8 appear as U+FFFD.
std::string plan_to_json(const Plan& plan, const Policy& policy);

}  // namespace stepbox::report
