// Kills for memory in the caller's own control group, for a box without a memory limit of its own: a job of Slurm, a
// container or a unit that stepbox runs in may have one. The kernel counts every killed process there, of the step or
// not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/cgroup.hpp"

namespace stepbox::cgroup {

class EnclosingMemory {
 public:
  // Counts kills from here on. There are never any if no hierarchy has the controller, or its group is the root.
  explicit EnclosingMemory(const std::vector<CgroupHierarchy>& hierarchies);

  uint64_t kills() const;

 private:
  uint64_t count() const;

  std::string file_;
  uint64_t before_ = 0;
};

}  // namespace stepbox::cgroup
