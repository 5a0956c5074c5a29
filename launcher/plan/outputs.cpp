// Which files leave the box, and where they go.
#include <algorithm>

#include "base/text.hpp"
#include "plan/make_plan.hpp"
#include "plan/parts.hpp"

namespace stepbox::plan {
namespace {

CheckoutView view_of(const FilesPlan& files) {
  if (files.source == SourceMode::none) return CheckoutView::absent;
  return files.source == SourceMode::overlay ? CheckoutView::overlay : CheckoutView::host;
}

// A project cannot declare more than the operator lets it write. An operator's overlay says that the checkout stays as it
// is.
bool lets_project_write(const Policy& policy) {
  return policy.source.value == SourceMode::rw || policy.source.origin.layer == Layer::project;
}

// A rule that hides a part of the checkout, or nullptr. The step can move a directory with everything hidden in it, and
// outputs would then show what the step has not seen.
const PathRule* hides_part_of(const std::string& checkout, const Policy& policy, const HostFacts& facts) {
  const auto hides = [&](const PathRule& rule) {
    const std::string path = expand_home(rule.path, facts);
    const HostFacts::NamedPath* found = facts.find(path);
    return rule.access == PathAccess::hide && (is_within(path, checkout) || (found != nullptr && is_within(found->real, checkout)));
  };
  const auto rule = std::ranges::find_if(policy.paths, hides);
  return rule == policy.paths.end() ? nullptr : &*rule;
}

Result<> check_output(const OutputSpec& spec, const OutputsPlan& outputs, const Policy& policy, const PathRule* hiding) {
  const std::string what = "output " + quoted(spec.text) + " (" + escaped(spec.origin.text()) + ")";
  if (spec.pattern.root == OutputRoot::checkout && outputs.view == CheckoutView::absent)
    return fail(what + " is relative to the checkout, and the step has none (--source none)", "let the step write to /box/out, and declare /box/out/...");
  if (spec.pattern.root == OutputRoot::checkout && hiding != nullptr)
    return fail(what + " comes from the checkout, and " + quoted(hiding->path) + " (" + escaped(hiding->origin.text()) + ") hides a part of it",
                "let the step write to /box/out, and declare /box/out/...");
  if (!outputs.to.empty()) return {};
  if (outputs.checkout.empty())
    return fail(what + " has no checkout to go into", "say where to with --outputs-to DIR");
  const bool is_put_there = spec.pattern.root == OutputRoot::out || outputs.view == CheckoutView::overlay;
  if (spec.origin.layer == Layer::project && is_put_there && !lets_project_write(policy))
    return fail(what + " would go into the checkout, and source " + name_of(policy.source.value) + " (" + escaped(policy.source.origin.text()) + ") keeps the project from writing there",
                "say where to with --outputs-to DIR");
  return {};
}

}  // namespace

Result<OutputsPlan> plan_outputs(const FilesPlan& files, const Policy& policy, const HostFacts& facts) {
  OutputsPlan outputs;
  if (policy.outputs.empty()) {
    for (const auto* unused : {&policy.outputs_to, &policy.outputs_manifest})
      if (unused->value && unused->origin.layer == Layer::command_line)
        return fail(escaped(unused->origin.text()) + " says what to do with outputs, and none is declared", "declare some with --output PATTERN");
    return outputs;
  }
  outputs.declared = policy.outputs;
  outputs.view = view_of(files);
  outputs.checkout = files.source_path;
  if (policy.outputs_to.value) outputs.to = expand_home(*policy.outputs_to.value, facts);
  if (policy.outputs_manifest.value) outputs.manifest = expand_home(*policy.outputs_manifest.value, facts);
  for (const PathRule& rule : policy.paths)
    if (rule.access != PathAccess::rw) {
      const std::string path = expand_home(rule.path, facts);
      outputs.kept_from_step.push_back(path);
      if (const HostFacts::NamedPath* found = facts.find(path); found != nullptr && found->real != path) outputs.kept_from_step.push_back(found->real);
    }
  const PathRule* hiding = hides_part_of(outputs.checkout, policy, facts);
  for (const OutputSpec& spec : outputs.declared) TRY(check_output(spec, outputs, policy, hiding));
  return outputs;
}

}  // namespace stepbox::plan
