// The sentences for an overlay that the policy asks for and the host refuses.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sandbox/channel.hpp"

namespace stepbox::sandbox {

// `call` is the overlay, one of its layers, or the trial of overlays.
Error overlay_failure_text(const Plan& plan, Stage stage, const MountCall& call, int number);

}  // namespace stepbox::sandbox
