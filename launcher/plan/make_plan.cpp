#include "plan/make_plan.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "ci/ci_files.hpp"
#include "plan/parts.hpp"
#include "plan/system_root.hpp"

namespace stepbox::plan {

namespace {

// Whether the policy lets the step reach the host's X server. X clients try the abstract name first, and do not try
// the path at all when the kernel forbids the name (libxcb, _xcb_open).
bool names_display(const Policy& policy) {
  return std::ranges::any_of(policy.paths, [](const PathRule& rule) {
    return rule.access != PathAccess::hide && is_within("/tmp/.X11-unix", rule.path);
  });
}

void plan_scopes(Plan& plan, const Policy& policy, const HostFacts& facts) {
  plan.landlock_abi = facts.landlock_abi;
  if (!facts.has_socket_scope || plan.isolation == Isolation::env) return;
  // A separate network namespace has its own abstract names, as a pid namespace has its own processes.
  plan.scope_sockets = plan.network == NetworkMode::host && !names_display(policy);
  plan.scope_signals = plan.isolation == Isolation::landlock;
}

}  // namespace

Result<Plan> make_plan(const Policy& policy, const std::vector<std::string>& argv, const HostFacts& facts) {
  Plan plan;
  plan.argv = argv;
  plan.policies = policy.names;
  plan.isolation = policy.isolation.value;
  plan.network = policy.network.value;
  plan.root = policy.root.value;
  plan_scopes(plan, policy, facts);
  plan.seccomp = facts.seccomp;
  plan.seccomp_log = policy.seccomp_log.value;
  plan.deny_nesting = !policy.allow_nesting.value;
  plan.terminal = facts.terminal;
  for (const InheritedFd& inherited : facts.inherited) plan.passed_fds.push_back(inherited.fd);

  TRY_ASSIGN(const Checkout checkout, choose_checkout(policy, facts));
  const Layout layout(facts, policy.home.value, policy.source.value == SourceMode::none ? Checkout() : checkout);
  plan_deadlines(plan, policy, facts);
  plan_identity(plan, facts);
  TRY(plan_limits(plan, policy, facts));
  if (plan.isolation == Isolation::full) {
    TRY(plan_volumes(plan, policy, facts));
    TRY(plan_source(plan, policy, facts, layout, checkout));
    // Needs the identity (id-mapped or not), the volumes and the checkout.
    TRY(plan_mounts(plan, policy, facts, layout));
    plan_path_sockets(plan, facts);
  } else {
    TRY(plan_without_box(plan, policy, facts, layout, checkout));
  }
  // Needs the step's working directory, for PWD.
  plan_environment(plan, policy, facts);
  TRY(plan_protections(plan, policy, facts));
  return plan;
}

std::string expand_home(std::string_view path, const HostFacts& facts) {
  if (path != "~" && !path.starts_with("~/")) return std::string(path);
  const std::string& home = facts.tilde();
  return home.empty() ? std::string() : home + std::string(path.substr(1));
}

std::string below_toolchain(const caches::Toolchain& toolchain, std::string_view name, const HostFacts& facts) {
  const std::string set = toolchain.variable.empty() ? std::string() : facts.variable(toolchain.variable).value_or(std::string());
  return (set.starts_with('/') ? lexically_normal(set) : expand_home(toolchain.path, facts)) + "/" + std::string(name);
}

std::vector<PathOfInterest> paths_of_interest(const Policy& policy, const HostFacts& facts) {
  std::vector<PathOfInterest> paths;
  const auto add = [&](std::string_view path, const Origin* named_by = nullptr) {
    std::string absolute = expand_home(path, facts);
    if (absolute.starts_with('/')) paths.push_back({std::move(absolute), named_by});
  };
  if (policy.source_path.value) add(*policy.source_path.value, &policy.source_path.origin);
  for (const PathRule& rule : policy.paths) add(rule.path, &rule.origin);
  for (const ci::CiPath& announced : ci::announced_ci_paths(facts)) {
    add(announced.path);
    add(announced.file);
  }
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Toolchain& toolchain : tool.toolchains) {
      if (policy.home.value == HomeMode::fresh) add(toolchain.path);
      for (const std::string_view name : toolchain.without) add(below_toolchain(toolchain, name, facts));
    }
  const bool is_reduced = policy.root.value == RootMode::system;
  // With the whole root, only PATH entries that a mask would hide matter; the others are visible anyway.
  const Layout layout(facts, policy.home.value);
  if (const auto path = facts.variable("PATH"))
    for (const std::string_view entry : split(*path, ':'))
      if (entry.starts_with('/') && (is_reduced || layout.covering(lexically_normal(entry)) != nullptr)) add(lexically_normal(entry));
  if (!is_reduced) return paths;
  for (const std::string_view place : program_places()) add(place);
  for (const std::string& toolchain : announced_toolchains(policy, facts)) add(toolchain);
  return paths;
}

}  // namespace stepbox::plan
