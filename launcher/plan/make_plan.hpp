// Turns the policy and the host's facts into a plan of everything that will be done. Pure: the same input makes the
// same plan, and nothing on the host is touched.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"

namespace stepbox::plan {

// Fails where the policy asks for something that this host cannot provide, or names a path that does not exist.
Result<Plan> make_plan(const Policy& policy, const std::vector<std::string>& argv, const HostFacts& facts);

struct PathOfInterest {
  std::string path;                  // absolute, "~" replaced
  const Origin* named_by = nullptr;  // the setting that names it, in the policy; null: optional, shown if present
};

// Every host path whose existence the plan depends on: paths from the policy, the registry's toolchains, PATH and CI
// variables. gather_facts looks them up.
std::vector<PathOfInterest> paths_of_interest(const Policy& policy, const HostFacts& facts);

// A path from a policy with "~/" replaced by the home directory; empty when there is no home.
std::string expand_home(std::string_view path, const HostFacts& facts);

}  // namespace stepbox::plan
