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

// The checkout is where a project's files are, and it cannot declare more than the operator lets it write.
bool lets_project_write(const Policy& policy) {
  const bool is_open = policy.source.value != SourceMode::ro && policy.source.value != SourceMode::none;
  return is_open || policy.source.origin.layer == Layer::project;
}

Result<> check_output(const OutputSpec& spec, const OutputsPlan& outputs, const Policy& policy) {
  const std::string what = "output " + quoted(spec.text) + " (" + escaped(spec.origin.text()) + ")";
  if (spec.pattern.root == OutputRoot::checkout && outputs.view == CheckoutView::absent)
    return fail(what + " is relative to the checkout, and the step has none (--source none)", "let the step write to /box/out, and declare /box/out/...");
  if (!outputs.to.empty()) return {};
  if (outputs.checkout.empty())
    return fail(what + " has no checkout to go into", "say where to with --outputs-to DIR");
  if (spec.origin.layer == Layer::project && spec.pattern.root == OutputRoot::out && !lets_project_write(policy))
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
    if (rule.access != PathAccess::rw) outputs.kept_from_step.push_back(expand_home(rule.path, facts));
  for (const OutputSpec& spec : outputs.declared) TRY(check_output(spec, outputs, policy));
  return outputs;
}

}  // namespace stepbox::plan
