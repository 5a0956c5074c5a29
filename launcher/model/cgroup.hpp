// Control groups as values: where the caller is, and what a run makes there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/origin.hpp"

namespace stepbox {

// One mounted hierarchy, seen from the caller's group. stepbox makes groups only below that one: no other is its own.
struct CgroupHierarchy {
  bool unified = false;                       // cgroup v2
  std::vector<std::string> controllers = {};  // that groups below `own` can have
  std::vector<std::string> enabled = {};      // unified: the ones they already have (cgroup.subtree_control)
  std::string own = {};                       // the directory of the caller's own group
  std::string mount = {};                     // where the hierarchy is mounted
  std::string undelegated = {};               // unified: the unit's directory, if systemd has not delegated it
  bool operator==(const CgroupHierarchy&) const = default;
};

// A decided limit on the whole box.
struct PlannedLimit {
  std::string_view name;  // of kBoxLimits
  uint64_t amount = 0;    // bytes; processes; thousandths of a core
  Origin origin = {};
};

// One value to write into a file of a new group, in the order of the list.
struct CgroupFile {
  const char* name;  // "memory.max"
  std::string value;
  std::string_view limit;       // which limit it is for
  bool may_be_missing = false;  // the kernel may be built, or booted, without it
  bool may_be_refused = false;  // if the kernel refuses the value, the protection kernel-memory is degraded
  bool is_for_inner = false;    // also written to the inner group: the kernel looks only at a process's own group
};

struct PlannedGroup {
  std::string parent;  // the caller's own group
  bool unified = false;
  std::vector<std::string> enable = {};  // unified: controllers that the parent does not hand down yet
  std::vector<CgroupFile> files = {};    // empty: a group only to kill and measure, skipped where it cannot be made
  // The step's user owns this group's files, so the processes go into a second group below it: a step that mounts the
  // hierarchy in a nested sandbox sees only that one.
  bool has_inner = false;
};

struct CgroupPlan {
  std::vector<PlannedLimit> limits = {};
  std::vector<PlannedGroup> groups = {};
  std::string remedy = {};  // if no group can be made below the caller's own: how to get one that allows it

  const PlannedLimit* find(std::string_view name) const {
    for (const PlannedLimit& limit : limits)
      if (limit.name == name) return &limit;
    return nullptr;
  }
};

// What the kernel counted in the groups of a box. A figure that this kernel does not keep stays 0.
struct CgroupUsage {
  uint64_t memory_peak = 0;  // bytes, 0 when unknown
  uint64_t processes_peak = 0;
  // The next two are read only when a process was killed for memory. v1 from Linux 6.15 on counts no refusals where
  // memory with swap has the same limit as memory alone.
  uint64_t memory_refused = 0;        // how often the box's own limit refused memory
  uint64_t memory_and_swap_peak = 0;  // v1; bytes, 0 when unknown
  uint64_t oom_kills = 0;             // whichever group set the limit
  uint64_t refused_forks = 0;  // likewise
  uint64_t throttled_microseconds = 0;
  uint64_t user_microseconds = 0;
  uint64_t system_microseconds = 0;
};

}  // namespace stepbox
