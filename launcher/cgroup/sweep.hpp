// Removes the groups left behind by runs that were killed together with their guard.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/cgroup.hpp"
#include "model/swept.hpp"

namespace stepbox::cgroup {

enum class Reach : uint8_t {
  own_group,  // below the caller's own group, where a run makes its own
  everywhere  // in the whole of every hierarchy
};

// Removes groups with our name that no living run or sweep has locked. Kills nothing: a group with processes stays. A
// run sweeps its own group in passing, and only for a moment; `stepbox sweep` does the rest.
std::vector<Swept> sweep(const std::vector<CgroupHierarchy>& hierarchies, Reach reach);

}  // namespace stepbox::cgroup
