// What a host grants is known by trying. Each try starts the box of the plan; a refusal that the policy can live with
// becomes a fact about the host, and the run is planned again without what was refused.
//
// To let another feature be found out by trying: give its refusal a fact in model/host_facts.hpp, have the plan do without
// it (and say so in its protections) where that fact is set, and record it in negotiate.cpp.
#pragma once

#include "base/result.hpp"
#include "cgroup/cgroup.hpp"
#include "run/run_step.hpp"
#include "sandbox/box.hpp"

namespace stepbox::run {

struct Started {
  cgroup::Cgroup cgroup;
  sandbox::Box box;
};

// What a box is started with besides its plan. Borrowed.
struct StartMeans {
  const sandbox::CallerState& caller;
  int terminal;           // or -1
  int private_directory;  // or -1
  const sandbox::Patience& patience;
};

// The plan of the request, from the policy and from the facts as they are known by now.
Result<Plan> plan_for(const Planned& planned, const RunRequest& request);

// Starts the step, under a plan as strong as this host grants: `planned` has that plan afterwards. Warns before the step
// runs where it is weaker than what was asked for. An error where the policy cannot do without what was refused.
Result<Started> negotiate(Planned& planned, const RunRequest& request, const StartMeans& means);

}  // namespace stepbox::run
