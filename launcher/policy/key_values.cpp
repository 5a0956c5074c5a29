#include "policy/key_values.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "model/protection.hpp"
#include "model/seccomp.hpp"
#include "model/units.hpp"
#include "policy/choices.hpp"
#include "policy/refusal.hpp"

namespace stepbox::policy {
namespace {

using std::string;
using std::string_view;

bool is_label_name(string_view name) {
  constexpr size_t kLongest = 64;
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || string_view("._/-").contains(c);
  };
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, fits);
}

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_variable_name(string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, is_name_character);
}

bool is_one_of(string_view word, std::span<const string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_control(char c) {
  return (c >= 0 && c < 0x20) || c == 0x7f;
}

Result<> add_path(Policy& policy, const Setting& setting, PathAccess access) {
  TRY_ASSIGN(string path, parse_path(setting.value));
  policy.paths.push_back(PathRule{access, std::move(path), setting.origin});
  return {};
}

Result<> add_env(Policy& policy, const Setting& setting, EnvAction action, string_view name, string_view value) {
  policy.environment.push_back(EnvRule{action, string(name), string(value), setting.origin});
  return {};
}

// The volume's limits so far, from this layer and those below it.
VolumeSpec& volume_named(Policy& policy, const string& name) {
  const auto found = std::ranges::find(policy.volumes, name, &VolumeSpec::name);
  if (found != policy.volumes.end()) return *found;
  return policy.volumes.emplace_back(VolumeSpec{name, {}, {}, {}});
}

Result<std::chrono::milliseconds> duration_of(const Setting& setting) {
  constexpr std::chrono::days kLongest{3650};
  TRY_ASSIGN(const std::chrono::milliseconds duration, parse_duration(setting.value));
  if (duration > kLongest) return fail(quoted(setting.value) + " is too large (at most 3650d)");
  return duration;
}

}  // namespace

Result<string> parse_path(string_view value) {
  if (value.contains('\0')) return fail("a path cannot hold a NUL byte");
  if (value.starts_with('/')) return lexically_normal(value);
  if (!value.starts_with("~/")) return not_a(value, kPathForm);
  if (is_one_of("..", split(value, '/'))) return fail(quoted(value) + " leaves the home directory with '..'");
  return "~" + lexically_normal(value.substr(1));
}

std::unexpected<Error> no_choice(string_view value, string_view expected, std::span<const string_view> words) {
  return not_a(value, expected, did_you_mean(value, words));  // `expected` lists all words
}

std::unexpected<Error> no_flag(string_view value) {
  static constexpr string_view kYes[] = {"yes", "on", "y", "1", "True", "TRUE", "Yes", "YES", "On", "ON"};
  static constexpr string_view kNo[] = {"no", "off", "n", "0", "False", "FALSE", "No", "NO", "Off", "OFF"};
  if (is_one_of(value, kYes)) return not_a(value, kFlagForm, "did you mean 'true'?");
  if (is_one_of(value, kNo)) return not_a(value, kFlagForm, "did you mean 'false'?");
  return not_a(value, kFlagForm, did_you_mean(value, kWordsOf<kFlagWords>));
}

Result<> apply_size(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(const Size size, parse_size(setting.value));
  policy.size = {size, setting.origin};
  return {};
}

Result<> apply_inodes(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(const uint64_t inodes, parse_count(setting.value));
  policy.inodes = {inodes, setting.origin};
  return {};
}

Result<> apply_volume(Policy& policy, const Setting& setting) {
  if (!is_one_of(setting.name, kVolumeNames)) {
    return not_a(setting.name, "a volume", nearest_or_all(setting.name, kVolumeNames));
  }
  std::optional<Size> size;
  std::optional<uint64_t> inodes;
  for (string_view part : split(setting.value, ',')) {
    if (part.starts_with("inodes=") && !inodes) {
      TRY_ASSIGN(inodes, parse_count(part.substr(7)));
    } else if (!size) {
      if (part.starts_with("size=")) part.remove_prefix(5);
      TRY_ASSIGN(size, parse_size(part));
    } else {
      return not_a(setting.value, "SIZE[,inodes=N]");
    }
  }
  VolumeSpec& volume = volume_named(policy, setting.name);
  if (size) volume.size = size;
  if (inodes) volume.inodes = inodes;
  volume.origin = setting.origin;
  return {};
}

Result<> apply_source_path(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(string path, parse_path(setting.value));
  policy.source_path = {std::move(path), setting.origin};
  return {};
}

Result<> apply_seccomp(Policy& policy, const Setting& setting) {
  std::string profile = setting.value;
  if (!is_one_of(profile, kSeccompNames)) {
    if (!profile.contains('/')) return not_a(profile, kSeccompForm, did_you_mean(profile, kSeccompNames));
    TRY_ASSIGN(profile, parse_path(profile));
  }
  policy.seccomp = {std::move(profile), setting.origin};
  return {};
}

Result<> apply_env_set(Policy& policy, const Setting& setting) {
  if (!is_variable_name(setting.name)) return not_a(setting.name, kNameForm);
  if (setting.value.contains('\0')) return fail("a variable's value cannot hold a NUL byte");
  return add_env(policy, setting, EnvAction::set, setting.name, setting.value);
}

Result<> apply_env_unset(Policy& policy, const Setting& setting) {
  if (!is_variable_name(setting.value)) return not_a(setting.value, kNameForm);
  return add_env(policy, setting, EnvAction::unset, setting.value, {});
}

Result<> apply_env_keep(Policy& policy, const Setting& setting) {
  const auto fits = [](char c) { return is_name_character(c) || c == '*' || c == '?'; };
  if (setting.value.empty() || !std::ranges::all_of(setting.value, fits)) return not_a(setting.value, kPatternForm);
  return add_env(policy, setting, EnvAction::keep, setting.value, {});
}

Result<> apply_env_redirect(Policy& policy, const Setting& setting) {
  if (!is_variable_name(setting.name)) return not_a(setting.name, kNameForm);
  const std::vector<string_view> parts = split(setting.value, '/');
  const auto is_odd = [](string_view part) { return part.empty() || part == "." || part == ".."; };
  if (!is_one_of(parts[0], kVolumeNames))
    return not_a(setting.value, kRedirectForm, nearest_or_all(parts[0], kVolumeNames));
  if (std::ranges::any_of(parts, is_odd) || std::ranges::any_of(setting.value, is_control))
    return not_a(setting.value, kRedirectForm);
  return add_env(policy, setting, EnvAction::redirect, setting.name, setting.value);
}

Result<> apply_ro(Policy& policy, const Setting& setting) {
  return add_path(policy, setting, PathAccess::ro);
}
Result<> apply_rw(Policy& policy, const Setting& setting) {
  return add_path(policy, setting, PathAccess::rw);
}
Result<> apply_hide(Policy& policy, const Setting& setting) {
  return add_path(policy, setting, PathAccess::hide);
}

Result<> apply_label(Policy& policy, const Setting& setting) {
  constexpr size_t kLongestValue = 256;
  constexpr size_t kMostLabels = 64;
  if (!is_label_name(setting.name)) return not_a(setting.name, kLabelForm);
  if (setting.value.size() > kLongestValue || std::ranges::any_of(setting.value, is_control))
    return fail("the value of label " + quoted(setting.name) + " is longer than 256 bytes, or holds control characters");
  const auto known = std::ranges::find(policy.labels, setting.name, &Label::name);
  if (known != policy.labels.end()) {
    *known = {setting.name, setting.value, setting.origin};
    return {};
  }
  if (policy.labels.size() == kMostLabels) return fail("there are more than 64 labels");
  policy.labels.push_back({setting.name, setting.value, setting.origin});
  return {};
}

Result<> apply_timeout(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(const std::chrono::milliseconds duration, duration_of(setting));
  policy.timeout = {duration, setting.origin};
  return {};
}

Result<> apply_silence(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(const std::chrono::milliseconds duration, duration_of(setting));
  policy.silence = {duration, setting.origin};
  return {};
}

Result<> apply_grace(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(const std::chrono::milliseconds duration, duration_of(setting));
  policy.grace = {duration, setting.origin};
  return {};
}

Result<> apply_require(Policy& policy, const Setting& setting) {
  if (!is_one_of(setting.value, kProtectionNames))
    return not_a(setting.value, kProtectionForm, nearest_or_all(setting.value, kProtectionNames));
  if (std::ranges::find(policy.require, setting.value, &RequiredProtection::name) == policy.require.end())
    policy.require.push_back(RequiredProtection{setting.value, setting.origin});
  return {};
}

}  // namespace stepbox::policy
