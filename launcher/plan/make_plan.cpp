#include "plan/make_plan.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "ci/ci_files.hpp"
#include "plan/overlays.hpp"
#include "plan/parts.hpp"
#include "plan/system_root.hpp"
#include "plan/warm.hpp"

namespace stepbox::plan {

namespace {

// In a box: volumes, checkout and mounts.
Result<FilesPlan> plan_files(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout, const Checkout& checkout) {
  plan.files.root = policy.root.value;
  plan.files.source = policy.source.value;
  plan.files.source_path = checkout.path;
  TRY_ASSIGN(plan.files.volumes, plan_volumes(plan.limits, policy, facts, plan.remarks));
  TRY(check_checkout(policy.source.value, checkout, layout));
  return plan_mounts(plan, policy, facts, layout, plan.remarks);
}

}  // namespace

Result<Plan> make_plan(const Policy& policy, const std::vector<std::string>& argv, const HostFacts& facts) {
  Plan plan;
  plan.policies = policy.names;
  TRY_ASSIGN(const Checkout checkout, choose_checkout(policy, facts));
  const Layout layout(facts, policy.home.value, policy.source.value == SourceMode::none ? Checkout() : checkout);
  plan.identity = plan_identity(policy.isolation.value, facts);
  TRY_ASSIGN(plan.limits, plan_limits(plan.identity, policy, facts, plan.remarks));
  plan.confinement = plan_confinement(plan.identity, plan.limits, policy, facts);
  TRY_ASSIGN(WarmPlan warm, plan_warm(plan, policy, facts, plan.remarks));
  plan.warm = std::move(warm.caches);
  plan.warm_store = facts.warm_store;
  if (plan.confinement.isolation == Isolation::full) {
    plan.files.overlays = std::move(warm.overlays);
    TRY_ASSIGN(plan.files, plan_files(plan, policy, facts, layout, checkout));
    std::ranges::move(warm_start_files(plan, facts), std::back_inserter(plan.files.cache_directories));
    if (plan.confinement.scope_path_sockets) plan.confinement.open_sockets = open_sockets(plan.files.mounts);
  } else {
    TRY_ASSIGN(plan.files, plan_files_without_box(plan, policy, facts, layout, checkout, plan.remarks));
    TRY_ASSIGN(plan.confinement.writable, plan_writable(plan, policy, facts, layout, plan.remarks));
  }
  TRY_ASSIGN(plan.outputs, plan_outputs(plan.files, policy, facts));
  plan.step = plan_step(argv, plan, policy, facts);
  TRY_ASSIGN(plan.protections, plan_protections(plan, policy, facts, plan.remarks));
  TRY(check_required(plan, policy));
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
  if (policy.home.value == HomeMode::overlay)
    for (const std::string& place : places_of_caches(facts)) add(place);
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
