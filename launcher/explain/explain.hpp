// Puts a plan into words, for `stepbox explain`.
#pragma once

#include <string>

#include "run/run_step.hpp"

namespace stepbox::explain {

enum class Detail : uint8_t {
  brief,  // differences from a bare run, and choices
  whole   // every mount, variable and refused call
};

// The plan, with the origin of each value. Leaves out the values of inherited variables: they may be secrets, and
// users paste this output into bug reports.
std::string explain(const Planned& planned, Detail detail);

}  // namespace stepbox::explain
