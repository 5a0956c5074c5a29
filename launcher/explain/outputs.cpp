// What leaves the box.
#include "base/text.hpp"
#include "explain/subjects.hpp"
#include "model/units.hpp"

namespace stepbox::explain {
namespace {

Row output_row(const OutputSpec& spec, Detail detail) {
  std::string text = spec.is_required ? "required" : "optional";
  if (spec.when == OutputWhen::always) text += ", also after a failure";
  if (spec.max_bytes != kDefaultOutputBytes || detail == Detail::whole) text += ", up to " + human_bytes(spec.max_bytes);
  return {escaped(spec.text), Phrase(text).append(from(spec.origin, detail))};
}

Row destination_row(const Planned& planned, Detail detail) {
  const OutputsPlan& outputs = planned.plan.outputs;
  if (!outputs.to.empty()) return {"to", Phrase().whole(escaped(outputs.to)).words("(replaced as a whole)").append(from(planned.policy.outputs_to.origin, detail))};
  return {"to", Phrase().whole(escaped(outputs.checkout)).words(outputs.view == CheckoutView::host ? "(those of the checkout stay where they are)" : "")};
}

}  // namespace

Rows output_rows(const Planned& planned, Detail detail) {
  const OutputsPlan& outputs = planned.plan.outputs;
  Rows rows;
  for (const OutputSpec& spec : outputs.declared) rows.push_back(output_row(spec, detail));
  if (rows.empty()) return rows;
  rows.push_back(destination_row(planned, detail));
  if (!outputs.manifest.empty()) rows.push_back({"digests", Phrase().whole(escaped(outputs.manifest)).append(from(planned.policy.outputs_manifest.origin, detail))});
  return rows;
}

}  // namespace stepbox::explain
