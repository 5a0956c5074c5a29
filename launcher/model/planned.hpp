// A run before it starts: what was asked for, what the host is like, and what will be done.
#pragma once

#include <string>
#include <vector>

#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"
#include "model/settings_file.hpp"

namespace stepbox {

struct Planned {
  HostFacts facts;
  Policy policy;
  Plan plan;
  std::string private_place = {};  // without a box: the host's directory in which the step's own one is made
  std::vector<SettingsFile> settings = {};  // existing settings files of the home; for explain only
};

}  // namespace stepbox
