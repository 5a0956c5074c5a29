#include "policy/settings.hpp"

#include "base/text.hpp"

namespace stepbox::policy {

Result<Setting> setting_from_text(const KeyRow& row, std::string_view text, Origin origin) {
  Setting setting{.key = std::string(row.key), .value = std::string(text), .origin = std::move(origin)};
  if (row.shape != Shape::map) return setting;
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return fail(where(setting) + ": " + quoted(text) + " is not " + std::string(row.operand));
  setting.name = text.substr(0, equals);
  setting.value = text.substr(equals + 1);
  return setting;
}

Result<std::vector<Setting>> settings_from_variable(const KeyRow& row, std::string_view text) {
  std::vector<std::string_view> parts = {text};
  if (row.shape == Shape::list || row.shape == Shape::map) parts = split(text, row.separator);
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

Error unsupported_error(std::string_view key) {
  return Error{std::string(key) + " is not supported by this version of stepbox"};
}

}  // namespace stepbox::policy
