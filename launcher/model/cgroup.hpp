// Control groups as values: where the caller is in them, and what is to be made there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/origin.hpp"

namespace stepbox {

// One mounted hierarchy, seen from the group that the caller is in. Groups are only ever made below that one:
// the others belong to somebody else.
struct CgroupHierarchy {
  bool unified = false;                       // cgroup v2
  std::vector<std::string> controllers = {};  // that groups below the own one can have
  std::vector<std::string> enabled = {};      // unified: those that they have already (cgroup.subtree_control)
  std::string own = {};                       // the directory of the caller's own group
  std::string mount = {};                     // where the hierarchy is mounted
  std::string undelegated = {};               // unified: the unit's directory, when systemd keeps it to itself
  bool operator==(const CgroupHierarchy&) const = default;
};

// A limit on the whole box that has been decided.
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
  bool may_be_refused = false;  // where the kernel has it and does not take it, the protection kernel-memory is degraded
  bool is_for_inner = false;    // the kernel looks only at the group that a process is in: written to the inner one as well
};

struct PlannedGroup {
  std::string parent;  // the caller's own group
  bool unified = false;
  std::vector<std::string> enable = {};  // unified: controllers that the parent does not hand down yet
  std::vector<CgroupFile> files = {};    // empty: only for killing and measuring, passed over where it cannot be had
  // The step's user owns the files of this group, so that the processes go into a second one, below it: the step can
  // mount the hierarchy in a nested sandbox, where it sees no more than that.
  bool has_inner = false;
};

struct CgroupPlan {
  std::vector<PlannedLimit> limits = {};
  std::vector<PlannedGroup> groups = {};
  std::string remedy = {};  // where groups cannot be made below the caller's own: how to get one where they can

  const PlannedLimit* find(std::string_view name) const {
    for (const PlannedLimit& limit : limits)
      if (limit.name == name) return &limit;
    return nullptr;
  }
};

// What the kernel counted in the groups of a box. Absent figures are not kept by this kernel.
struct CgroupUsage {
  uint64_t memory_peak = 0;  // bytes, 0 when unknown
  uint64_t processes_peak = 0;
  // The next two are read only when a process was killed for memory. v1 from Linux 6.15 on counts no refusals where
  // memory with swap has the same limit as memory alone.
  uint64_t memory_refused = 0;        // how often memory was not to be had within the box's own limit
  uint64_t memory_and_swap_peak = 0;  // v1; bytes, 0 when unknown
  uint64_t oom_kills = 0;             // whosever limit it was
  uint64_t refused_forks = 0;  // likewise
  uint64_t throttled_microseconds = 0;
  uint64_t user_microseconds = 0;
  uint64_t system_microseconds = 0;
};

}  // namespace stepbox
