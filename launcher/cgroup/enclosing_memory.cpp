#include "cgroup/enclosing_memory.hpp"

#include <fcntl.h>

#include <algorithm>

#include "cgroup/files.hpp"

namespace stepbox::cgroup {
namespace {

// v1 counts a kill in the killed process's group; v2 in that group and all above it.
std::string file_with_kills(const std::vector<CgroupHierarchy>& hierarchies) {
  std::string unified;
  for (const CgroupHierarchy& hierarchy : hierarchies) {
    if (hierarchy.unified) unified = hierarchy.own + "/memory.events";
    else if (std::ranges::count(hierarchy.controllers, "memory") > 0) return hierarchy.own + "/memory.oom_control";
  }
  return unified;
}

}  // namespace

EnclosingMemory::EnclosingMemory(const std::vector<CgroupHierarchy>& hierarchies)
    : file_(file_with_kills(hierarchies)), before_(count()) {}

uint64_t EnclosingMemory::count() const {
  return file_.empty() ? 0 : Text(AT_FDCWD, file_.c_str()).number("oom_kill");
}

uint64_t EnclosingMemory::kills() const { return std::max(count(), before_) - before_; }

}  // namespace stepbox::cgroup
