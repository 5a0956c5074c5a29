#include "policy/key_settings.hpp"

#include <algorithm>

#include "model/units.hpp"

namespace stepbox::policy {
namespace {

using std::string;
using std::string_view;
using Settings = std::vector<Setting>;

// The setting of a key with one value, without the name of the key: the row that asks for it has that.
Settings one(string value, const Origin& origin) {
  return {Setting{.key = {}, .name = {}, .value = std::move(value), .origin = origin}};
}

template <class Value>
Settings one_if_set(const Sourced<std::optional<Value>>& sourced, string (*text)(Value)) {
  return sourced.value ? one(text(*sourced.value), sourced.origin) : Settings();
}

string size_text(Size size) { return size.spelling(); }
string count_text(uint64_t count) { return std::to_string(count); }

// Whether a later rule for the same variable overrides this one. Rules that keep a variable count on their own.
bool is_outdone(const Policy& policy, const EnvRule& rule) {
  const auto is_same = [&rule](const EnvRule& later) {
    return later.name == rule.name && (later.action == EnvAction::keep) == (rule.action == EnvAction::keep);
  };
  const auto index = static_cast<size_t>(&rule - policy.environment.data());
  return std::any_of(policy.environment.begin() + static_cast<std::ptrdiff_t>(index) + 1, policy.environment.end(), is_same);
}

}  // namespace

Settings settings_of_size(const Policy& policy) { return one(policy.size.value.spelling(), policy.size.origin); }
Settings settings_of_inodes(const Policy& policy) { return one(count_text(policy.inodes.value), policy.inodes.origin); }

Settings settings_of_volumes(const Policy& policy) {
  Settings settings;
  for (const VolumeSpec& volume : policy.volumes) {
    if (volume.size) settings.push_back({{}, volume.name, "size=" + volume.size->spelling(), volume.origin});
    if (volume.inodes) settings.push_back({{}, volume.name, "inodes=" + count_text(*volume.inodes), volume.origin});
  }
  return settings;
}

Settings settings_of_source_path(const Policy& policy) {
  return policy.source_path.value ? one(*policy.source_path.value, policy.source_path.origin) : Settings();
}
Settings settings_of_seccomp(const Policy& policy) { return one(policy.seccomp.value, policy.seccomp.origin); }

Settings settings_of_require(const Policy& policy) {
  Settings settings;
  for (const RequiredProtection& required : policy.require) settings.push_back({{}, {}, required.name, required.origin});
  return settings;
}

Settings settings_of_timeout(const Policy& policy) { return one_if_set(policy.timeout, duration_text); }
Settings settings_of_silence(const Policy& policy) { return one_if_set(policy.silence, duration_text); }
Settings settings_of_grace(const Policy& policy) { return one(duration_text(policy.grace.value), policy.grace.origin); }

Settings settings_of_limit(const Policy& policy, const BoxLimit& row) {
  if (row.size != nullptr) return one_if_set(policy.limits.*row.size, size_text);
  return one_if_set(policy.limits.*row.number, row.unit == LimitUnit::cores ? cores_text : count_text);
}

Settings settings_of_limit(const Policy& policy, const ProcessLimit& row) {
  for (const ProcessLimitSpec& limit : policy.limits.of_process)
    if (limit.resource == row.resource) return one(count_text(limit.value), limit.origin);
  return {};
}

Settings settings_of_optional_limits(const Policy& policy) {
  Settings settings;
  for (const OptionalLimit& optional : policy.limits.optional) settings.push_back({{}, {}, optional.name, optional.origin});
  return settings;
}

Settings settings_of_environment(const Policy& policy, EnvAction action) {
  const bool has_values = action == EnvAction::set || action == EnvAction::redirect;
  Settings settings;
  for (const EnvRule& rule : policy.environment) {
    if (rule.action != action || is_outdone(policy, rule)) continue;
    settings.push_back({{}, has_values ? rule.name : string(), has_values ? rule.value : rule.name, rule.origin});
  }
  return settings;
}

Settings settings_of_labels(const Policy& policy) {
  Settings settings;
  for (const Label& label : policy.labels) settings.push_back({{}, label.name, label.value, label.origin});
  return settings;
}

Settings settings_of_paths(const Policy& policy, PathAccess access) {
  Settings settings;
  for (auto rule = policy.paths.begin(); rule != policy.paths.end(); ++rule) {
    const bool is_last = std::find_if(rule + 1, policy.paths.end(), [&](const PathRule& later) { return later.path == rule->path; }) == policy.paths.end();
    if (rule->access == access && is_last) settings.push_back({{}, {}, rule->path, rule->origin});
  }
  return settings;
}

}  // namespace stepbox::policy
