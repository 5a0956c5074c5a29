// The parts of make_plan(), one file each. Each writes its fields of the plan from the policy and the
// facts; the order in which make_plan() calls them matters and is told there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"
#include "run/layout.hpp"

namespace stepbox::run {

// Fills plan.identity.
void plan_identity(Plan& plan, const HostFacts& facts);

// Kernel file systems and triggers are no part of "the rest of the host": the box makes its own or none.
bool is_kernel_file_system(std::string_view type);

// Whether the policy asks for what only control groups can enforce.
bool needs_cgroup(const Policy& policy);

// "cannot enforce limits.memory of ci.yaml:3:9", the beginning of every error about it.
std::string cannot_enforce(const PlannedLimit& limit);

// plan.cgroup and plan.process_limits, and an error when a limit that is not optional cannot be enforced here.
Result<> plan_limits(Plan& plan, const Policy& policy, const HostFacts& facts);

// Sizes and inode limits of plan.volumes, within the memory limit of plan_limits. plan_mounts needs them. An error,
// with the sum, when what was chosen does not fit into the memory.
Result<> plan_volumes(Plan& plan, const Policy& policy, const HostFacts& facts);

// Decides the checkout and the directory the step starts in: plan.source, source_path, cwd, warnings.
Result<> plan_source(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout);

// plan.deadlines: the earlier of what the policy and an outer layer say, and a warning where that cannot be read.
void plan_deadlines(Plan& plan, const Policy& policy, const HostFacts& facts);

// The paths of the host that are shown, opened for writing or hidden, in the order in which they are
// mounted: shallow before deep, and at the same place the one the user named last.
Result<std::vector<MountCall>> plan_paths(const Plan& plan, const Policy& policy, const HostFacts& facts,
                                          const Layout& layout);

// The whole flat list of plan.mounts.
Result<> plan_mounts(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout);

// plan.environment, plan.unset and plan.programs.
void plan_environment(Plan& plan, const Policy& policy, const HostFacts& facts);

// plan.protections, and an error when one that `require` names is not active.
Result<> plan_protections(Plan& plan, const Policy& policy, const HostFacts& facts);

}  // namespace stepbox::run
