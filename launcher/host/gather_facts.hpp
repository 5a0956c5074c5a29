// Looks at the host and the caller, once, before stepbox plans anything.
#pragma once

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/policy.hpp"
#include "sys/fd.hpp"

namespace stepbox::host {

// Gathers the facts that do not depend on the policy. Fails where stepbox cannot work at all (the kernel is too old,
// the current directory is gone), and where it cannot tell what it has to hide (sys/files.hpp).
Result<HostFacts> gather_facts();

// Finds out what control groups can do here and whether systemd could give stepbox one of its own: facts.cgroups,
// facts.has_systemd and facts.has_user_manager. Only limits need this.
Result<> look_up_groups(HostFacts& facts);

// Looks up the policy's paths on this host: fills facts.paths, and the owner of a checkout that the policy names.
// Error: a path that the user named cannot be looked at. Other unreadable paths are skipped.
Result<> look_up_paths(HostFacts& facts, const Policy& policy);

// Fills facts.private_paths for a run with `root: system` whose step has ids that own files of the system. Call it
// once facts.no_shift_reason is known. Error: a possible secret could not be looked at.
Result<> look_up_private_paths(HostFacts& facts, const Policy& policy);

// Whether a kernel release ("6.1.0-18-amd64") is at least major.minor.
bool is_kernel_at_least(const std::string& release, int major, int minor);

}  // namespace stepbox::host
