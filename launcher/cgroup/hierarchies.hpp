// Which control group hierarchies there are, and where the caller is in them. Pure but for look_up_controllers().
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/cgroup.hpp"
#include "sys/mountinfo.hpp"

namespace stepbox::cgroup {

// From the mounts and the text of /proc/self/cgroup: v1, v2, and both side by side. A hierarchy of which no mount
// shows the caller's own group is left out; so is one without a controller (name=systemd).
std::vector<CgroupHierarchy> find_hierarchies(const std::vector<sys::HostMount>& mounts,
                                              std::string_view proc_self_cgroup);

// Reads what the caller's own v2 group can hand down. v1 hierarchies always can, and are left as they are. Error: a file
// that is there cannot be read.
Result<> look_up_controllers(std::vector<CgroupHierarchy>& hierarchies);

// The directory of the innermost unit of systemd that the caller's own v2 group is in or is; empty for none.
std::string unit_of(const CgroupHierarchy& hierarchy);

// Where systemd runs the host: whether it has let go of the own v2 group (Delegate=yes). What a unit hands down that it
// keeps to itself, it takes back when it next looks at it, for instance at a daemon-reload; the limits of the groups
// below are gone then, and nobody is told. Only root can tell, and needs to: an ordinary user may make groups where they
// are delegated. Of units of the manager of a user, which carry no mark, nothing is known.
void look_up_delegation(std::vector<CgroupHierarchy>& hierarchies);

}  // namespace stepbox::cgroup
