// Reads what an outer layer of LUCI tells its children. It is here because it is JSON, like the report.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/deadlines.hpp"

namespace stepbox::report {

// The section `deadline` of a LUCI_CONTEXT. Without it there is no deadline, and the grace is LUCI's own default.
// Passes over everything else in the file, which holds secrets.
Result<OuterDeadline> parse_luci_deadline(const std::string& text);

}  // namespace stepbox::report
