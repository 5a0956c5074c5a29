// Reading what an outer layer of LUCI tells its children. It is here because it is JSON, as the report is.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/deadlines.hpp"

namespace stepbox::report {

// The section `deadline` of a LUCI_CONTEXT. Without it there is no deadline, and the grace is LUCI's own default.
// Everything else in the file is passed over: it has secrets.
Result<OuterDeadline> parse_luci_deadline(const std::string& text);

}  // namespace stepbox::report
