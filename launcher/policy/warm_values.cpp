#include "policy/warm_values.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "model/units.hpp"
#include "model/volumes.hpp"
#include "policy/refusal.hpp"

namespace stepbox::policy {
namespace {

using std::string;
using std::string_view;

bool is_warm_name(string_view name) {
  constexpr size_t kLongest = 64;
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || string_view("._-").contains(c); };
  return !name.empty() && name.size() <= kLongest && name[0] != '.' && name[0] != '-' && std::ranges::all_of(name, fits);
}

Result<> add_name(std::vector<NamedWarm>& names, const Setting& setting) {
  if (!is_warm_name(setting.value)) return not_a(setting.value, kWarmNameForm);
  const auto known = std::ranges::find(names, setting.value, &NamedWarm::name);
  if (known == names.end()) names.push_back({setting.value, setting.origin});
  else if (known->origin.layer == Layer::project) known->origin = setting.origin;
  return {};
}

bool is_odd(string_view part) { return part.empty() || part == "." || part == ".."; }
bool is_control(char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }

// "tools/go.sum": relative, and without a way up.
bool is_relative(string_view path) {
  return std::ranges::none_of(split(path, '/'), is_odd) && std::ranges::none_of(path, is_control);
}

Result<Size> bytes_of(string_view value) {
  TRY_ASSIGN(const Size size, parse_size(value));
  if (size.unit != Size::Unit::bytes) return not_a(value, kWarmFields[0].expected);
  return size;
}

Result<> take_max(WarmSpec& spec, string_view value) {
  TRY_ASSIGN(spec.max, bytes_of(value));
  return {};
}

Result<> take_keep(WarmSpec& spec, string_view value) {
  TRY_ASSIGN(spec.keep, parse_count(value));
  return {};
}

Result<> take_refresh(WarmSpec& spec, string_view value) {
  if (const auto age = parse_duration(value)) {
    spec.refresh_age = *age;
    return {};
  }
  const auto size = bytes_of(value);
  if (!size) return not_a(value, kWarmFields[2].expected);
  spec.refresh_size = *size;
  return {};
}

Result<> take_key(WarmSpec& spec, string_view value) {
  if (!is_relative(value)) return not_a(value, "a file below the checkout");
  spec.key.emplace_back(value);
  return {};
}

Result<> take_directory(WarmSpec& spec, string_view value) {
  const std::vector<string_view> parts = split(value, '/');
  if (std::ranges::find(kVolumeNames, parts[0]) == std::end(kVolumeNames))
    return not_a(value, kRedirectForm, nearest_or_all(parts[0], kVolumeNames));
  if (!is_relative(value) || parts.size() < 2) return not_a(value, kRedirectForm);
  spec.directories.emplace_back(value);
  return {};
}

Result<> take_drop(WarmSpec& spec, string_view value) {
  if (!is_relative(value)) return not_a(value, "a pattern below a directory");
  spec.drop.emplace_back(value);
  return {};
}

Result<> take_merge(WarmSpec& spec, string_view value) {
  constexpr auto kWords = column_of(kWarmMerges, &WarmMergeRow::word);
  static_assert(kWords.back() == "drop");
  const auto row = std::ranges::find(kWarmMerges, value, &WarmMergeRow::word);
  if (row == std::end(kWarmMerges) || row->merge == WarmMerge::drop)
    return not_a(value, "unite, newest, whole or exclusive", did_you_mean(value, std::span(kWords).first(kWords.size() - 1)));
  spec.merge = row->merge;
  return {};
}

struct Field {
  Result<> (*take)(WarmSpec& spec, string_view value);
  void (*clear)(WarmSpec& spec);  // before the first value
};
// In the order of kWarmFields.
constexpr Field kFields[] = {
    {take_max, nullptr},
    {take_keep, nullptr},
    {take_refresh, [](WarmSpec& spec) { spec.refresh_age.reset(), spec.refresh_size.reset(); }},
    {take_key, [](WarmSpec& spec) { spec.key.clear(); }},
    {take_directory, [](WarmSpec& spec) { spec.directories.clear(); }},
    {take_drop, [](WarmSpec& spec) { spec.drop.clear(); }},
    {take_merge, nullptr},
};
static_assert(std::size(kFields) == std::size(kWarmFields));

Result<> take_field(WarmSpec& spec, string_view text, std::set<size_t>& seen) {
  const size_t equals = text.find('=');
  const string_view name = text.substr(0, equals);
  const auto found = std::ranges::find(kWarmFields, name, &RecordField::name);
  if (found == std::end(kWarmFields)) return not_a(name, "a field of a warm cache", nearest_or_all(name, kWarmFieldNames));
  if (equals == string_view::npos) return not_a(text, "FIELD=VALUE");
  const auto index = static_cast<size_t>(found - std::begin(kWarmFields));
  const Field& field = kFields[index];
  const bool is_first = seen.insert(index).second;
  if (!is_first && !found->is_list) return fail("two values of " + quoted(name));
  if (is_first && field.clear != nullptr) field.clear(spec);
  if (found->is_list && text.substr(equals + 1).empty()) return {};
  return field.take(spec, text.substr(equals + 1));
}

string list_text(string_view name, const std::vector<string>& values) {
  string text;
  for (const string& value : values) text += (text.empty() ? "" : ",") + string(name) + "=" + value;
  return text;
}

std::vector<Setting> settings_of(const std::vector<NamedWarm>& names) {
  std::vector<Setting> settings;
  for (const NamedWarm& named : names) settings.push_back({{}, {}, named.name, named.origin});
  return settings;
}

std::vector<string> texts_of(const WarmSpec& spec) {
  std::vector<string> refresh;
  if (spec.refresh_age) refresh.push_back(duration_text(*spec.refresh_age));
  if (spec.refresh_size) refresh.push_back(spec.refresh_size->spelling());
  std::vector<string> texts;
  if (spec.max) texts.push_back("max=" + spec.max->spelling());
  if (spec.keep) texts.push_back("keep=" + std::to_string(*spec.keep));
  texts.push_back(list_text("refresh", refresh));
  texts.push_back(list_text("key", spec.key));
  texts.push_back(list_text("directories", spec.directories));
  texts.push_back(list_text("drop", spec.drop));
  if (spec.merge) texts.push_back("merge=" + string(std::ranges::find(kWarmMerges, *spec.merge, &WarmMergeRow::merge)->word));
  std::erase_if(texts, [](const string& text) { return text.empty(); });
  return texts;
}

}  // namespace

Result<> apply_warm(Policy& policy, const Setting& setting) { return add_name(policy.warm, setting); }
Result<> apply_warm_offer(Policy& policy, const Setting& setting) { return add_name(policy.warm_offer, setting); }

Result<> apply_warm_cache(Policy& policy, const Setting& setting) {
  if (!is_warm_name(setting.name)) return not_a(setting.name, kWarmNameForm);
  const auto known = std::ranges::find(policy.warm_caches, setting.name, &WarmSpec::name);
  WarmSpec spec = known == policy.warm_caches.end() ? WarmSpec{.name = setting.name} : *known;
  std::set<size_t> seen;
  for (const string_view field : split(setting.value, ',')) TRY(take_field(spec, field, seen));
  spec.origin = setting.origin;
  if (known == policy.warm_caches.end()) policy.warm_caches.push_back(std::move(spec));
  else *known = std::move(spec);
  return {};
}

std::vector<Setting> settings_of_warm(const Policy& policy) { return settings_of(policy.warm); }
std::vector<Setting> settings_of_warm_offer(const Policy& policy) { return settings_of(policy.warm_offer); }

std::vector<Setting> settings_of_warm_caches(const Policy& policy) {
  std::vector<Setting> settings;
  for (const WarmSpec& spec : policy.warm_caches)
    for (string& text : texts_of(spec)) settings.push_back({{}, spec.name, std::move(text), spec.origin});
  return settings;
}

}  // namespace stepbox::policy
