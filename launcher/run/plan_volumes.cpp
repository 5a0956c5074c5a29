#include <algorithm>

#include "run/plan_parts.hpp"

namespace stepbox::run {
namespace {

std::string path_of(std::string_view volume) { return "/box/" + std::string(volume); }

}  // namespace

Result<> plan_volumes(Plan& plan, const Policy& policy, const HostFacts& facts) {
  plan.volumes.push_back({.name = "workspace",
                          .path = "/box",
                          .bytes = policy.size.value.bytes_of(facts.memory_usable),
                          .inodes = policy.inodes.value,
                          .own_inodes = 0,
                          .size_origin = policy.size.origin,
                          .inodes_origin = policy.inodes.origin});
  for (const VolumeSpec& spec : policy.volumes) {
    // A volume that names only one of the two takes the other from the workspace: a limit is always set.
    plan.volumes.push_back({.name = spec.name,
                            .path = path_of(spec.name),
                            .bytes = spec.size.value_or(policy.size.value).bytes_of(facts.memory_usable),
                            .inodes = spec.inodes.value_or(policy.inodes.value),
                            .own_inodes = 0,
                            .size_origin = spec.size ? spec.origin : policy.size.origin,
                            .inodes_origin = spec.inodes ? spec.origin : policy.inodes.origin});
  }
  return {};
}

}  // namespace stepbox::run
