#include "run/carry_outputs.hpp"

#include <fcntl.h>

#include <algorithm>
#include <chrono>

#include "base/log.hpp"
#include "base/text.hpp"
#include "outputs/carry_out.hpp"
#include "report/report.hpp"
#include "sys/open_no_links.hpp"

namespace stepbox::run {
namespace {

// The workspace's directory `out`, in the volume that it belongs to.
sys::Fd open_out(const Plan& plan, const OutputPlaces& places) {
  if (places.private_directory >= 0) return sys::Fd(sys::open_no_links(places.private_directory, "out"));
  size_t closest = plan.files.volumes.size();
  for (size_t i = 0; i < plan.files.volumes.size() && i < places.box.volumes().size(); ++i) {
    const std::string& path = plan.files.volumes[i].path;
    if (is_within(kOutDirectory, path) && (closest == plan.files.volumes.size() || path.size() > plan.files.volumes[closest].path.size())) closest = i;
  }
  if (closest == plan.files.volumes.size()) return {};
  const std::string below(kOutDirectory.substr(plan.files.volumes[closest].path.size()));
  return sys::Fd(sys::open_no_links(places.box.volumes()[closest].get(), below.empty() ? "." : below.c_str() + 1));
}

// The checkout as the step saw it: the host's own, or the merged view of the overlay over it. -1 if it had none.
int checkout_of(const Plan& plan, const outputs::Destination& destination, const OutputPlaces& places) {
  if (plan.outputs.view == CheckoutView::host) return destination.checkout();
  const auto overlay = std::ranges::find(plan.files.overlays, OverlayOf::source, &PlannedOverlay::of);
  const auto index = static_cast<size_t>(overlay - plan.files.overlays.begin());
  return index < places.box.views().size() ? places.box.views()[index].merged.get() : -1;
}

void tell(Report& report, bool has_succeeded) {
  for (const std::string& pattern : report.outputs.missing)
    report.outputs.warnings.push_back("there is no output " + quoted(pattern));
  // After a failure, that is the news.
  if (report.outputs.failure && !has_succeeded) report.outputs.warnings.push_back("the outputs were not carried out: " + report.outputs.failure->message);
  for (const std::string& warning : report.outputs.warnings) {
    log::warn(warning);
    report.warnings.push_back(warning);
  }
  if (report.outputs.failure && has_succeeded && report.hint.empty()) report.hint = report.outputs.failure->hint;
}

}  // namespace

void carry_outputs(Report& report, const Plan& plan, const outputs::Destination& destination, const OutputPlaces& places) {
  if (plan.outputs.declared.empty()) return;
  const auto begin = std::chrono::steady_clock::now();
  const sys::Fd out = open_out(plan, places);
  std::vector<outputs::Source> sources;
  if (out) sources.push_back({.root = OutputRoot::out, .directory = out.get()});
  // Other processes of the host may write to either.
  if (const int checkout = checkout_of(plan, destination, places); checkout >= 0)
    sources.push_back({.root = OutputRoot::checkout, .directory = checkout, .is_live = true});
  const outputs::StepEnd end{.has_succeeded = report::verdict_of(report) == Verdict::success, .is_asked_to_end = [&] { return places.signals.is_asked_to_end(); }};
  report.outputs = outputs::carry_out(plan.outputs, destination, sources, end);
  tell(report, end.has_succeeded);
  report.time.export_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace stepbox::run
