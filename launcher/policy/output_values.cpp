#include "policy/output_values.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "policy/key_values.hpp"
#include "policy/refusal.hpp"

namespace stepbox::policy {
namespace {

constexpr size_t kMostDeclared = 256;

using std::string_view;

bool begins_with_field(string_view text) {
  return std::ranges::any_of(kOutputFields, [&](const OutputField& field) { return text.starts_with(std::string(field.name) + "="); });
}

Result<> take_required(OutputSpec& spec, string_view value) {
  if (value != "true" && value != "false") return not_a(value, "true or false");
  spec.is_required = value == "true";
  return {};
}

Result<> take_max_size(OutputSpec& spec, string_view value) {
  TRY_ASSIGN(const Size size, parse_size(value));
  if (size.unit != Size::Unit::bytes) return not_a(value, "a size like 512MiB");
  spec.max_bytes = size.amount;
  return {};
}

Result<> take_when(OutputSpec& spec, string_view value) {
  for (const OutputWhen when : {OutputWhen::success, OutputWhen::always}) {
    if (value != name_of(when)) continue;
    spec.when = when;
    return {};
  }
  return not_a(value, "success or always");
}

Result<> take_field(OutputSpec& spec, string_view field) {
  const size_t equals = field.find('=');
  const string_view name = field.substr(0, equals);
  const string_view value = equals == string_view::npos ? string_view() : field.substr(equals + 1);
  if (name == "required") return take_required(spec, value);
  if (name == "max-size") return take_max_size(spec, value);
  if (name == "when") return take_when(spec, value);
  return not_a(field, "required=, max-size= or when=");
}

// "bin/app,require=false" is hardly a file's name.
Result<> refuse_misspelt_field(string_view pattern) {
  const string_view last = pattern.substr(pattern.rfind(',') + 1);
  const size_t equals = last.find('=');
  if (last.size() == pattern.size() || equals == string_view::npos) return {};
  std::vector<string_view> names;
  for (const OutputField& field : kOutputFields) names.push_back(field.name);
  const std::string meant = did_you_mean(last.substr(0, equals), names);
  return meant.empty() ? Result<>() : fail(quoted(last.substr(0, equals)) + " is nothing that can be said of an output (" + meant + ")");
}

std::vector<Setting> setting_of_path(const Sourced<std::optional<std::string>>& path) {
  if (!path.value) return {};
  return {Setting{.key = {}, .name = {}, .value = *path.value, .origin = path.origin}};
}

}  // namespace

Setting output_from_text(string_view text) {
  string_view pattern = text;
  while (pattern.contains(',') && begins_with_field(pattern.substr(pattern.rfind(',') + 1))) pattern = pattern.substr(0, pattern.rfind(','));
  return {.key = "outputs", .name = std::string(pattern), .value = std::string(text.substr(std::min(pattern.size() + 1, text.size()))), .origin = {}};
}

Result<> apply_output(Policy& policy, const Setting& setting) {
  OutputSpec spec{.text = setting.name, .pattern = {}, .is_required = setting.origin.layer >= Layer::environment, .origin = setting.origin};
  TRY(refuse_misspelt_field(setting.name));
  TRY_ASSIGN(spec.pattern, parse_output_pattern(setting.name));
  if (!setting.value.empty())
    for (const string_view field : split(setting.value, ',')) TRY(take_field(spec, field));
  if (std::ranges::find(policy.outputs, spec) != policy.outputs.end()) return {};
  if (policy.outputs.size() == kMostDeclared) return fail("there are more than " + std::to_string(kMostDeclared) + " outputs");
  policy.outputs.push_back(std::move(spec));
  return {};
}

Result<> apply_outputs_to(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(std::string path, parse_path(setting.value));
  policy.outputs_to = {std::move(path), setting.origin};
  return {};
}

Result<> apply_outputs_manifest(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(std::string path, parse_path(setting.value));
  policy.outputs_manifest = {std::move(path), setting.origin};
  return {};
}

std::vector<Setting> settings_of_outputs(const Policy& policy) {
  std::vector<Setting> settings;
  for (const OutputSpec& spec : policy.outputs) {
    std::string value = std::string("required=") + (spec.is_required ? "true" : "false");
    if (spec.max_bytes != kDefaultOutputBytes) value += ",max-size=" + Size{Size::Unit::bytes, spec.max_bytes}.spelling();
    if (spec.when != OutputWhen::success) value += ",when=" + std::string(name_of(spec.when));
    settings.push_back({{}, spec.text, std::move(value), spec.origin});
  }
  return settings;
}

std::vector<Setting> settings_of_outputs_to(const Policy& policy) { return setting_of_path(policy.outputs_to); }
std::vector<Setting> settings_of_outputs_manifest(const Policy& policy) { return setting_of_path(policy.outputs_manifest); }

std::optional<Widening> widens_outputs(const Policy& base, const Policy& changed, uint64_t) {
  for (const OutputSpec& spec : changed.outputs) {
    if (!names_guarded(spec.pattern) || std::ranges::find(base.outputs, spec) != base.outputs.end()) continue;
    return Widening{.name = spec.text,
                    .origin = spec.origin,
                    .reason = "output " + quoted(spec.text) + " belongs to version control, or is read by stepbox itself",
                    .sum = {},
                    .remedy = "leave it out"};
  }
  return {};
}

}  // namespace stepbox::policy
