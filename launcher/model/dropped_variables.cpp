#include "model/dropped_variables.hpp"

#include <algorithm>

namespace stepbox {

std::vector<std::string> dropped_variables(const Plan& plan) {
  std::vector<std::string> names = plan.step.unset;
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::find(plan.step.environment, name, &EnvEntry::name) != plan.step.environment.end();
  });
  return names;
}

}  // namespace stepbox
