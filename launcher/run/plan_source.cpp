#include "base/text.hpp"
#include "run/make_plan.hpp"
#include "run/plan_parts.hpp"

namespace stepbox::run {
namespace {

// A checkout that holds home or another masked place would bring every cache back into the box.
bool can_be_shown(const std::string& checkout, const Layout& layout) {
  return !layout.contains_masked(checkout) && (layout.covering(checkout) != nullptr || !Layout::is_special(checkout));
}

Error cannot_show(const std::string& checkout) {
  return Error{"cannot use " + quoted(checkout) + " as the checkout: it holds places that the box replaces (home, /tmp, /run, ...)",
               "change to the project's directory, or use --source none"};
}

}  // namespace

Result<std::string> named_source_path(const Policy& policy, const HostFacts& facts) {
  const std::string named = expand_home(*policy.source_path.value, facts);
  const HostFacts::NamedPath* found = facts.find(named);
  if (found == nullptr || found->kind != HostPathKind::directory)
    return fail("source path " + quoted(named) + " (" + policy.source_path.origin.text() + ") is no directory");
  return found->real;
}

Result<> plan_source(Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout) {
  plan.source = policy.source.value;
  plan.source_path = facts.checkout;
  if (policy.source_path.value) {
    TRY_ASSIGN(plan.source_path, named_source_path(policy, facts));
  }
  plan.cwd = facts.cwd;

  if (plan.source == SourceMode::none) {
    plan.cwd = "/box/home";
    return {};
  }
  if (!can_be_shown(plan.source_path, layout)) {
    const bool asked_for = policy.source.origin.layer != Layer::built_in || policy.source_path.value.has_value();
    if (asked_for) return std::unexpected(cannot_show(plan.source_path));
    plan.source = SourceMode::none;
    plan.warnings.push_back("the step does not see " + quoted(plan.source_path) +
                            ": it holds places that the box replaces by empty ones; run stepbox from the project's directory");
    plan.source_path.clear();
    return {};
  }
  // A source path elsewhere says where the work is: the step starts there when the caller is not in it.
  if (policy.source_path.value && !is_within(plan.cwd, plan.source_path)) plan.cwd = plan.source_path;
  return {};
}

}  // namespace stepbox::run
