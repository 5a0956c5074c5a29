// Hands the saving of a warm cache to the companion program stepbox-warm.
#pragma once

#include <string>

#include "base/result.hpp"
#include "warm/save_request.hpp"

namespace stepbox::warm {

// The companion: ../libexec/stepbox/stepbox-warm beside the directory of this program, or in its build tree. Error: it
// is missing; the hint names the remedy. For a run that will save, before the step starts.
Result<std::string> find_companion();

// Runs the companion to its end; its messages and its progress go to stderr. Call it when no process of the step is
// alive any more. If this process is killed, so is the companion, and then the older generation is in force. Error: the
// companion could not do it; the newest generation is still the older one.
Result<SaveResult> save_by_companion(const std::string& companion, const SaveRequest& request);

}  // namespace stepbox::warm
