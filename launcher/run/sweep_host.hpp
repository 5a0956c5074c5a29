// What a run in passing does for its own group, for the whole host.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "cgroup/sweep.hpp"

namespace stepbox::run {

// Removes what crashed runs left, in every hierarchy that shows the caller's group.
Result<std::vector<cgroup::Swept>> sweep_host();

}  // namespace stepbox::run
