// The outputs of one run, from the box to the report.
#pragma once

#include "model/plan.hpp"
#include "model/report.hpp"
#include "outputs/destination.hpp"
#include "run/caller.hpp"
#include "sandbox/box.hpp"

namespace stepbox::run {

// Where outputs may be when the step has ended. Borrowed.
struct OutputPlaces {
  const sandbox::Box& box;
  int private_directory;  // the workspace of a step without a box, or -1
  SignalQueue& signals;   // a signal stops what takes long
};

// Carries out what applies to how the step ended, as far as the report knows it; records it there. Call it when every
// process of the step is dead and the volumes still exist.
void carry_outputs(Report& report, const Plan& plan, const outputs::Destination& destination, const OutputPlaces& places);

}  // namespace stepbox::run
