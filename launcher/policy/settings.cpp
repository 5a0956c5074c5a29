#include "policy/settings.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "policy/output_values.hpp"
#include "policy/refusal.hpp"

namespace stepbox::policy {

namespace {

// "limit" for the group limits.
std::string one_of(const KeyRow& group) { return std::string(group.key.substr(0, group.key.size() - 1)); }

// --limit memory=6GiB is the key limits.memory.
Result<> enter_group(Setting& setting, const KeyRow& group, std::string_view name) {
  const std::string prefix = std::string(group.key) + ".";
  std::vector<std::string_view> names;
  for (const KeyRow& row : keys())
    if (row.key.starts_with(prefix)) names.push_back(row.key.substr(prefix.size()));
  if (std::ranges::find(names, name) == names.end())
    return fail(where(setting) + ": " + quoted(name) + " is not a " + one_of(group) +
                in_parentheses(nearest_or_all(name, names)));
  setting.key = prefix + std::string(name);
  setting.origin.place += " " + std::string(name);
  return {};
}

}  // namespace

Result<Setting> setting_from_text(const KeyRow& row, std::string_view text, Origin origin) {
  Setting setting{.key = std::string(row.key), .value = std::string(text), .origin = std::move(origin)};
  if (row.shape == Shape::items) {
    const Setting item = output_from_text(text);
    setting.name = item.name;
    setting.value = item.value;
    return setting;
  }
  if (row.shape != Shape::map && row.shape != Shape::records && row.shape != Shape::group) return setting;
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return fail(where(setting) + ": " + quoted(text) + " is not " + std::string(row.operand));
  setting.value = text.substr(equals + 1);
  if (row.shape == Shape::group) {
    TRY(enter_group(setting, row, text.substr(0, equals)));
    return setting;
  }
  setting.name = text.substr(0, equals);
  return setting;
}

Result<std::vector<Setting>> settings_from_variable(const KeyRow& row, std::string_view text) {
  std::vector<std::string_view> parts = {text};
  if (row.separator != 0) parts = split(text, row.separator);
  std::vector<Setting> settings;
  for (const std::string_view part : parts) {
    Origin origin{.layer = Layer::environment, .place = std::string(row.variable)};
    TRY_ASSIGN(Setting setting, setting_from_text(row, part, std::move(origin)));
    settings.push_back(std::move(setting));
  }
  return settings;
}

Result<> apply_setting(Policy& policy, const Setting& setting) {
  const KeyRow* row = find_key(setting.key);
  if (row == nullptr) return fail(where(setting) + ": unknown key");
  if (row->apply == nullptr) return std::unexpected(unsupported_error(setting.key).within(where(setting)));
  if (auto applied = row->apply(policy, setting); !applied)
    return std::unexpected(std::move(applied).error().within(where(setting)));
  return {};
}

std::string where(const Setting& setting) {
  std::string out = escaped(setting.origin.text());
  if (setting.origin.line == 0) return out;
  out += ": " + setting.key;
  if (!setting.name.empty()) out += "." + escaped(setting.name);
  return out;
}

std::string spelling_of(const KeyRow& row) {
  const KeyRow* group = row.option.empty() ? find_key(row.key.substr(0, row.key.find('.'))) : nullptr;
  if (group != nullptr)
    return std::string(group->option) + " " + std::string(row.key.substr(group->key.size() + 1)) + "=" + std::string(row.operand);
  return std::string(row.option) + (row.operand.empty() ? "" : " " + std::string(row.operand));
}

Error unsupported_error(std::string_view key) {
  return Error{std::string(key) + " is not supported by this version of stepbox"};
}

}  // namespace stepbox::policy
