// Finds out what the host grants by trying. Each try starts the planned box. If the host refuses something that the
// policy can do without, the refusal becomes a fact about the host, and the run is planned again without it.
//
// To let another feature be found out this way: add a fact for its refusal to model/host_facts.hpp, make the plan do
// without the feature when that fact is set (and say so in the protections), and record the refusal in negotiate.cpp.
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

// What Box::start() needs besides the plan. Borrowed.
struct StartMeans {
  const sandbox::CallerState& caller;
  int terminal;           // or -1
  int private_directory;  // or -1
  const sandbox::Patience& patience;
};

// Plans the request from the policy and the facts known so far.
Result<Plan> plan_for(const Planned& planned, const RunRequest& request);

// Starts the step under the strongest plan that this host grants, and leaves that plan in `planned`. If it is weaker
// than requested, warns before the step runs. An error when the policy cannot do without a refused feature.
Result<Started> negotiate(Planned& planned, const RunRequest& request, const StartMeans& means);

}  // namespace stepbox::run
