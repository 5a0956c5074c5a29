// A plan in words: what `stepbox explain` prints.
#pragma once

#include <string>

#include "run/run_step.hpp"

namespace stepbox::explain {

enum class Detail : uint8_t {
  brief,  // what differs from a bare run, and what was chosen
  whole   // every mount, variable and refused call
};

// The plan, with where each value comes from. Values of inherited variables are left out: they may be secrets, and this
// output is pasted into bug reports.
std::string explain(const run::Planned& planned, Detail detail);

}  // namespace stepbox::explain
