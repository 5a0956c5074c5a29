// The parts of make_plan(), one file each. Each writes its fields of the plan from the policy and the
// facts; the order in which make_plan() calls them matters and is told there.
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

// The host's path of a name below a toolchain: where the caller's variable says that the toolchain is, or where it is
// by default.
std::string below_toolchain(const caches::Toolchain& toolchain, std::string_view name, const HostFacts& facts);

// Fills plan.identity.
void plan_identity(Plan& plan, const HostFacts& facts);

// Calls `make` with every directory that a redirect needs, relative to the workspace ("cache/go-build"), each after the
// one it lies in. One may come more than once.
void for_each_redirect_directory(const Plan& plan, const Policy& policy,
                                 const std::function<void(const std::string& path, uint32_t mode)>& make);

// What stands in the place of volumes, checkout and mounts where there is no box: the step's directory, and what it may
// write to beside it. An error when the policy asks for what only a box can do.
Result<> plan_without_box(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout,
                          const Checkout& checkout);

// Where the directory of such a step is made.
std::string place_without_box(const HostFacts& facts);

// What a mode weaker than a box does not protect, with what this kernel's Landlock can do.
std::vector<Gap> gaps_of(Isolation isolation, int landlock_abi);

// Kernel file systems and triggers are no part of "the rest of the host": the box makes its own or none.
bool is_kernel_file_system(std::string_view type);

// With `root: system` and without the host's network, lets a directory that is shown read-only be seen through an overlay, where one can be had: sockets
// and FIFOs in it are nobody's there. The call's target, attributes and recursion must be set.
void show_through_overlay(MountCall& call, const Plan& plan, const HostFacts& facts);

// plan.scope_path_sockets and open_sockets. Needs the mounts.
void plan_path_sockets(Plan& plan, const HostFacts& facts);

// plan_protections' part: whether sockets of the host that are files are out of reach.
Protection path_sockets(const Plan& plan, const HostFacts& facts);

// Whether the policy asks for what only control groups can enforce.
bool needs_cgroup(const Policy& policy);

// "cannot enforce limits.memory of ci.yaml:3:9", the beginning of every error about it.
std::string cannot_enforce(const PlannedLimit& limit);

// Why a limit of kBoxLimits cannot be had; empty when it can, as far as can be told without trying.
std::string reason_against_limit(const HostFacts& facts, std::string_view limit);

// What gives this caller a control group that may be divided.
std::string how_to_get_own_group(const HostFacts& facts);

// plan.cgroup and plan.process_limits, and an error when a limit that is not optional cannot be enforced here.
Result<> plan_limits(Plan& plan, const Policy& policy, const HostFacts& facts);

// Sizes and inode limits of plan.volumes, within the memory limit of plan_limits. plan_mounts needs them. An error,
// with the sum, when what was chosen does not fit into the memory.
Result<> plan_volumes(Plan& plan, const Policy& policy, const HostFacts& facts);

// Whether the working directory is in a project: it is marked, or no directory of the system and no home.
bool is_project(const HostFacts& facts);

// The directory that source.path names, or else facts.checkout. Error: the named one is not there; the other is no
// project and would be opened to the step by mere presence.
Result<Checkout> choose_checkout(const Policy& policy, const HostFacts& facts);

// The checkout and the directory the step starts in: plan.source, source_path, cwd.
Result<> plan_source(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout, const Checkout& checkout);

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

// What is found out only when the plan is carried out: the protection is not in full force, for that reason. The warning
// added to the plan is left to the caller to print.
void weaken(Plan& plan, std::string_view protection, const std::string& reason);

// The error of plan_protections, once more.
Result<> check_required(const Plan& plan, const Policy& policy);

}  // namespace stepbox::plan
