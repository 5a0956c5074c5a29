// A stack that is large enough, whatever the caller's limit says.
#pragma once

#include "base/result.hpp"

namespace stepbox::sys {

// Calls `function` and returns its value. If RLIMIT_STACK does not let the ordinary stack grow as far as stepbox needs,
// `function` runs on a mapping of its own: the limit itself stays, since it is the step's. Once per process.
Result<int> on_enough_stack(int (*function)(int, char**), int argc, char** argv);

}  // namespace stepbox::sys
