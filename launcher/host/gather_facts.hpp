// Looks at the host and the caller, once, before anything is planned.
#pragma once

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/policy.hpp"
#include "sys/fd.hpp"

namespace stepbox::host {

// What does not depend on the policy. Fails where stepbox cannot work at all (a kernel that is too old, a current
// directory that is gone), and where it cannot tell what has to be hidden (sys/files.hpp).
Result<HostFacts> gather_facts();

// What control groups can do here, and who could give stepbox one of its own: facts.cgroups, has_systemd and
// has_user_manager. Asked for limits only.
Result<> look_up_groups(HostFacts& facts);

// What the policy's paths are on this host; fills facts.paths, and the owner of a checkout that the policy names. Error:
// a path that the user named cannot be looked at. Others are then passed over.
Result<> look_up_paths(HostFacts& facts, const Policy& policy);

// With `root: system`, where the step will have ids that own files of the system: facts.private_paths. To be called once
// facts.no_shift_reason is known. Error: what may be a secret could not be looked at.
Result<> look_up_private_paths(HostFacts& facts, const Policy& policy);

// Whether a kernel release ("6.1.0-18-amd64") is at least major.minor.
bool is_kernel_at_least(const std::string& release, int major, int minor);

}  // namespace stepbox::host
