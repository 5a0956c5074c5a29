// The parts of make_plan(), one file each. Each returns its value of the plan, made from the policy, the facts, and the
// values that its parameters name. A parameter `plan` stands for what was decided before: identity, limits,
// confinement and, where the comment says so, files.
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

Identity plan_identity(Isolation isolation, const HostFacts& facts);

// What the step is kept from, except for plan_writable() and open_sockets().
Confinement plan_confinement(const Identity& identity, const LimitsPlan& limits, const Policy& policy, const HostFacts& facts);

// Calls `make` with every directory that a redirect needs, relative to the workspace ("cache/go-build"), parents
// first. A directory may be reported more than once.
void for_each_redirect_directory(const Plan& plan, const Policy& policy,
                                 const std::function<void(const std::string& path, uint32_t mode)>& make);

// Without a box: the step's directory, and the checkout. An error when the policy asks for something that only a box
// can do.
Result<FilesPlan> plan_files_without_box(const Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout,
                                         const Checkout& checkout, Remarks& remarks);

// The host paths that a step with Landlock alone may write to. Needs plan.files.
Result<std::vector<WritablePath>> plan_writable(const Plan& plan, const Policy& policy, const HostFacts& facts,
                                                const Layout& layout, Remarks& remarks);

// What a mode weaker than a box leaves unprotected, given what this kernel's Landlock can do.
std::vector<Gap> gaps_of(Isolation isolation, int landlock_abi);

// Kernel file systems and automount triggers do not belong to "the rest of the host": the box makes its own or has
// none.
bool is_kernel_file_system(std::string_view type);

// With `root: system` and without the host's network, shows a read-only directory through an overlay where the host
// allows one: nobody listens on the sockets and FIFOs that the step sees there. The call's target, attributes and
// recursion must be set.
void show_through_overlay(MountCall& call, const Plan& plan, const HostFacts& facts);

// The sockets that the policy shows to the step, relative to the box root.
std::vector<std::string> open_sockets(const std::vector<MountCall>& mounts);

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

// An error when a limit that is not optional cannot be enforced here.
Result<LimitsPlan> plan_limits(const Identity& identity, const Policy& policy, const HostFacts& facts, Remarks& remarks);

// The policy's deadline or the outer layer's, whichever comes first. Warns when the outer one cannot be read.
Deadlines plan_deadlines(const Policy& policy, const HostFacts& facts, Remarks& remarks);

// The volumes, with sizes and inode limits that fit into the memory limit. An error that shows the sum when the chosen
// sizes do not fit into the memory.
Result<std::vector<PlannedVolume>> plan_volumes(const LimitsPlan& limits, const Policy& policy, const HostFacts& facts, Remarks& remarks);

// Whether the working directory lies in a project: it is marked, or is neither a system directory nor a home.
bool is_project(const HostFacts& facts);

// The directory that source.path names, otherwise facts.checkout. Error: the named directory does not exist; or
// facts.checkout is no project, and merely standing in it must not open it to the step.
Result<Checkout> choose_checkout(const Policy& policy, const HostFacts& facts);

// An error when the box cannot show the checkout at its own path.
Result<> check_checkout(SourceMode source, const Checkout& checkout, const Layout& layout);

// The directory that the step starts in.
std::string starting_directory(const FilesPlan& files, const Policy& policy, const HostFacts& facts);

// The host paths that are shown, opened for writing or hidden, in mount order: shallow before deep. At the same
// place, the rule that the user wrote last wins. Adds a warning for each path left out because of a link in the checkout.
// Needs root, source and source_path of plan.files.
Result<std::vector<MountCall>> plan_paths(const Plan& plan, const Policy& policy, const HostFacts& facts,
                                          const Layout& layout, Remarks& remarks);

// plan.files, which has everything but its lists of calls, with these lists.
Result<FilesPlan> plan_mounts(const Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout, Remarks& remarks);

// What leaves the box. An error when an output could not be anywhere, or has no place to go that may be written to.
Result<OutputsPlan> plan_outputs(const FilesPlan& files, const Policy& policy, const HostFacts& facts);

// Needs plan.files.
StepPlan plan_step(const std::vector<std::string>& argv, const Plan& plan, const Policy& policy, const HostFacts& facts);

// Needs plan.files. An error when the policy asks to log refusals, and nothing is refused.
Result<std::vector<Protection>> plan_protections(const Plan& plan, const Policy& policy, const HostFacts& facts, Remarks& remarks);

bool is_required(const Policy& policy, std::string_view protection);

// Records that a protection turned out, while the plan was carried out, not to be in full force, and why. Adds a
// warning to the plan; the caller prints it.
void weaken(Plan& plan, std::string_view protection, const std::string& reason);

// An error when a protection that the policy requires is not active. Asked at the end of planning, and again for a
// plan that weaken() has changed since.
Result<> check_required(const Plan& plan, const Policy& policy);

}  // namespace stepbox::plan
