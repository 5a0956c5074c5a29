// Finds the control group hierarchies, and the caller's place in them. Only the look_up functions touch the machine.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/cgroup.hpp"
#include "sys/mountinfo.hpp"

namespace stepbox::cgroup {

// From the mounts and the text of /proc/self/cgroup: v1, v2, and both side by side. Leaves out a hierarchy if no mount
// shows the caller's own group in it, or if it has no controller (name=systemd).
std::vector<CgroupHierarchy> find_hierarchies(const std::vector<sys::HostMount>& mounts,
                                              std::string_view proc_self_cgroup);

// Reads which controllers the caller's own v2 group can hand down. v1 hierarchies need no look-up. Error: an existing
// file cannot be read.
Result<> look_up_controllers(std::vector<CgroupHierarchy>& hierarchies);

// The directory of the innermost systemd unit at or above the caller's own v2 group; empty for none.
std::string unit_of(const CgroupHierarchy& hierarchy);

// Where systemd runs the host: finds out whether it has delegated the caller's own v2 group (Delegate=yes). From a unit
// that is not delegated, systemd takes the controllers back when it next looks at the unit, for instance at a
// daemon-reload; the limits of the groups below are then gone without a word. Only root can see the mark, and needs to:
// an ordinary user may only make groups where they are delegated. Units of a user's manager carry no mark, so nothing
// is known about them.
void look_up_delegation(std::vector<CgroupHierarchy>& hierarchies);

}  // namespace stepbox::cgroup
