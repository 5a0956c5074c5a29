// Removes the groups that runs left which were killed together with their guard.
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

// Groups with our name that no living run or sweep has locked. Nothing is killed: one with processes stays. In the own
// group, which a run does in passing, for a moment only: what takes longer is left to `stepbox sweep`.
std::vector<Swept> sweep(const std::vector<CgroupHierarchy>& hierarchies, Reach reach);

}  // namespace stepbox::cgroup
