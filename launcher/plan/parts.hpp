// The parts of make_plan(), one file each. Each writes its fields of the plan from the policy and the facts.
// make_plan() must call them in a certain order, and explains it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "caches/registry.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"
#include "plan/layout.hpp"

namespace stepbox::plan {

// The host path of a name below a toolchain: the caller's variable says where the toolchain is, otherwise its default
// place counts.
std::string below_toolchain(const caches::Toolchain& toolchain, std::string_view name, const HostFacts& facts);

// Fills plan.identity.
void plan_identity(Plan& plan, const HostFacts& facts);

// Calls `make` with every directory that a redirect needs, relative to the workspace ("cache/go-build"), parents
// first. A directory may be reported more than once.
void for_each_redirect_directory(const Plan& plan, const Policy& policy,
                                 const std::function<void(const std::string& path, uint32_t mode)>& make);

// Without a box, replaces the planning of volumes, checkout and mounts: chooses the step's directory, and the paths
// outside it that the step may write to. An error when the policy asks for something that only a box can do.
Result<> plan_without_box(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout,
                          const Checkout& checkout);

// What a mode weaker than a box leaves unprotected, given what this kernel's Landlock can do.
std::vector<Gap> gaps_of(Isolation isolation, int landlock_abi);

// Kernel file systems and automount triggers do not belong to "the rest of the host": the box makes its own or has
// none.
bool is_kernel_file_system(std::string_view type);

// With `root: system` and without the host's network, shows a read-only directory through an overlay where the host
// allows one: nobody listens on the sockets and FIFOs that the step sees there. The call's target, attributes and
// recursion must be set.
void show_through_overlay(MountCall& call, const Plan& plan, const HostFacts& facts);

// Fills plan.scope_path_sockets and plan.open_sockets. Needs the mounts.
void plan_path_sockets(Plan& plan, const HostFacts& facts);

// For plan_protections(): whether the host's path sockets are out of the step's reach.
Protection path_sockets(const Plan& plan, const HostFacts& facts);

// Whether the policy sets a limit that only control groups can enforce.
bool needs_cgroup(const Policy& policy);

// "cannot enforce limits.memory of ci.yaml:3:9": every error about a limit begins like this.
std::string cannot_enforce(const PlannedLimit& limit);

// Why this host cannot enforce a limit of kBoxLimits; empty when it can, as far as that is known without trying.
std::string reason_against_limit(const HostFacts& facts, std::string_view limit);

// How this caller can get a control group that stepbox may divide.
std::string how_to_get_own_group(const HostFacts& facts);

// Fills plan.cgroup and plan.process_limits. An error when a limit that is not optional cannot be enforced here.
Result<> plan_limits(Plan& plan, const Policy& policy, const HostFacts& facts);

// Fills plan.volumes with sizes and inode limits that fit into the memory limit of plan_limits(). plan_mounts() needs
// them. An error that shows the sum when the chosen sizes do not fit into the memory.
Result<> plan_volumes(Plan& plan, const Policy& policy, const HostFacts& facts);

// Whether the working directory lies in a project: it is marked, or is neither a system directory nor a home.
bool is_project(const HostFacts& facts);

// The directory that source.path names, otherwise facts.checkout. Error: the named directory does not exist; or
// facts.checkout is no project, and merely standing in it must not open it to the step.
Result<Checkout> choose_checkout(const Policy& policy, const HostFacts& facts);

// Fills plan.source, plan.source_path and plan.cwd: the checkout, and the directory the step starts in.
Result<> plan_source(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout, const Checkout& checkout);

// Fills plan.deadlines: the policy's deadline or the outer layer's, whichever comes first. Warns when the outer one
// cannot be read.
void plan_deadlines(Plan& plan, const Policy& policy, const HostFacts& facts);

// The host paths that are shown, opened for writing or hidden, in mount order: shallow before deep. At the same
// place, the rule that the user wrote last wins. Adds a warning for each path left out because of a link in the checkout.
Result<std::vector<MountCall>> plan_paths(Plan& plan, const Policy& policy, const HostFacts& facts,
                                          const Layout& layout);

// Fills plan.mounts, the whole flat list.
Result<> plan_mounts(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout);

// Fills plan.environment, plan.unset and plan.programs.
void plan_environment(Plan& plan, const Policy& policy, const HostFacts& facts);

// Fills plan.protections. An error when a protection that the policy requires is not active.
Result<> plan_protections(Plan& plan, const Policy& policy, const HostFacts& facts);

// Records that a protection turned out, while the plan was carried out, not to be in full force, and why. Adds a
// warning to the plan; the caller prints it.
void weaken(Plan& plan, std::string_view protection, const std::string& reason);

// The check at the end of plan_protections(), for a plan that weaken() has changed since.
Result<> check_required(const Plan& plan, const Policy& policy);

}  // namespace stepbox::plan
