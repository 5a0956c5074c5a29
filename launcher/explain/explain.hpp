// A plan in words: what `stepbox explain` prints.
#pragma once

#include <string>

#include "run/run_step.hpp"

namespace stepbox::explain {

// The whole plan, with where each value comes from. Values of inherited variables are left out: they may
// be secrets, and this output is pasted into bug reports.
std::string explain(const run::Planned& planned);

}  // namespace stepbox::explain
