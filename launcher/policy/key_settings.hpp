// The values that a policy holds for each key, spelled as in a file. The functions behind KeyRow::settings.
#pragma once

#include "model/box_limits.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

std::vector<Setting> settings_of_size(const Policy& policy);
std::vector<Setting> settings_of_inodes(const Policy& policy);
// As "size=4GiB" and "inodes=200000", one each.
std::vector<Setting> settings_of_volumes(const Policy& policy);
std::vector<Setting> settings_of_source_path(const Policy& policy);
std::vector<Setting> settings_of_seccomp(const Policy& policy);
std::vector<Setting> settings_of_require(const Policy& policy);
std::vector<Setting> settings_of_labels(const Policy& policy);
std::vector<Setting> settings_of_timeout(const Policy& policy);
std::vector<Setting> settings_of_silence(const Policy& policy);
std::vector<Setting> settings_of_grace(const Policy& policy);
std::vector<Setting> settings_of_optional_limits(const Policy& policy);

std::vector<Setting> settings_of_environment(const Policy& policy, EnvAction action);
template <EnvAction Action>
std::vector<Setting> settings_of_environment(const Policy& policy) {
  return settings_of_environment(policy, Action);
}

std::vector<Setting> settings_of_paths(const Policy& policy, PathAccess access);
template <PathAccess Access>
std::vector<Setting> settings_of_paths(const Policy& policy) {
  return settings_of_paths(policy, Access);
}

std::vector<Setting> settings_of_limit(const Policy& policy, const BoxLimit& row);
std::vector<Setting> settings_of_limit(const Policy& policy, const ProcessLimit& row);
template <const auto& Row>  // of kBoxLimits or kProcessLimits
std::vector<Setting> settings_of_limit(const Policy& policy) {
  return settings_of_limit(policy, Row);
}

}  // namespace stepbox::policy
