#include "policy/limit_values.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "model/units.hpp"

namespace stepbox::policy {
namespace {

std::string_view last_word(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

Widening wider(const std::string& changed, const Origin& at, const std::string& base, const Origin& base_at) {
  return {{}, at, changed + " is wider than the " + base + " of " + escaped(base_at.text())};
}

// Where nothing was set below, any limit tightens.
std::optional<Widening> widens(const Sourced<std::optional<uint64_t>>& base,
                               const Sourced<std::optional<uint64_t>>& changed, std::string (*text)(uint64_t)) {
  if (!base.value || !changed.value || *changed.value <= *base.value) return {};
  return wider(text(*changed.value), changed.origin, text(*base.value), base.origin);
}

std::string count_text(uint64_t count) {
  return std::to_string(count);
}

const ProcessLimitSpec* find(const std::vector<ProcessLimitSpec>& limits, int resource) {
  const auto found = std::ranges::find(limits, resource, &ProcessLimitSpec::resource);
  return found == limits.end() ? nullptr : &*found;
}

bool is_set(const Limits& limits, std::string_view name) {
  if (name == "memory") return limits.memory.value.has_value();
  return name == "processes" ? limits.processes.value.has_value() : limits.cpu.value.has_value();
}

}  // namespace

Result<> apply_memory_limit(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(const Size size, parse_size(setting.value));
  policy.limits.memory = {size, setting.origin};
  return {};
}

Result<> apply_process_limit(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(const uint64_t count, parse_count(setting.value));
  policy.limits.processes = {count, setting.origin};
  return {};
}

Result<> apply_cpu_limit(Policy& policy, const Setting& setting) {
  TRY_ASSIGN(const uint64_t cores, parse_cores(setting.value));
  policy.limits.cpu = {cores, setting.origin};
  return {};
}

Result<> apply_limit_of_process(Policy& policy, const Setting& setting) {
  const auto* row = std::ranges::find(kProcessLimits, last_word(setting.key), &ProcessLimit::name);
  uint64_t value = 0;
  if (row->unit == LimitUnit::count) {
    TRY_ASSIGN(value, parse_count(setting.value));
  } else {
    TRY_ASSIGN(const Size size, parse_size(setting.value));
    if (size.unit == Size::Unit::percent) return fail(quoted(setting.value) + " is not " + std::string(kBytesForm));
    value = size.amount;
  }
  std::erase_if(policy.limits.of_process,
                [&](const ProcessLimitSpec& known) { return known.resource == row->resource; });
  policy.limits.of_process.push_back({row->resource, row->name, value, setting.origin});
  return {};
}

Result<> apply_optional_limit(Policy& policy, const Setting& setting) {
  if (std::ranges::find(kBoxLimits, setting.value) == std::end(kBoxLimits)) {
    const std::string suggestion = did_you_mean(setting.value, kBoxLimits);
    return fail(quoted(setting.value) + " is not " + std::string(kBoxLimitForm) +
                (suggestion.empty() ? "" : " (" + suggestion + ")"));
  }
  if (std::ranges::find(policy.limits.optional, setting.value, &OptionalLimit::name) == policy.limits.optional.end())
    policy.limits.optional.push_back({setting.value, setting.origin});
  return {};
}

std::optional<Widening> widens_memory_limit(const Policy& base, const Policy& changed, uint64_t memory) {
  const auto& before = base.limits.memory;
  const auto& now = changed.limits.memory;
  if (!before.value || !now.value) return {};
  const bool same_unit = before.value->unit == now.value->unit;
  const bool is_wider = same_unit ? now.value->amount > before.value->amount
                                  : memory == 0 || now.value->bytes_of(memory) > before.value->bytes_of(memory);
  if (!is_wider) return {};
  return wider(now.value->text(), now.origin, before.value->text(), before.origin);
}

std::optional<Widening> widens_process_limit(const Policy& base, const Policy& changed, uint64_t) {
  return widens(base.limits.processes, changed.limits.processes, count_text);
}

std::optional<Widening> widens_cpu_limit(const Policy& base, const Policy& changed, uint64_t) {
  return widens(base.limits.cpu, changed.limits.cpu, cores_text);
}

std::optional<Widening> widens_limit_of_process(const Policy& base, const Policy& changed, int resource) {
  const ProcessLimitSpec* before = find(base.limits.of_process, resource);
  const ProcessLimitSpec* now = find(changed.limits.of_process, resource);
  if (before == nullptr || now == nullptr || now->value <= before->value) return {};
  return wider(std::to_string(now->value), now->origin, std::to_string(before->value), before->origin);
}

std::optional<Widening> widens_optional_limits(const Policy& base, const Policy& changed, uint64_t) {
  for (const OptionalLimit& now : changed.limits.optional) {
    const bool is_known =
        std::ranges::find(base.limits.optional, now.name, &OptionalLimit::name) != base.limits.optional.end();
    if (is_known || !is_set(base.limits, now.name)) continue;
    return Widening{{}, now.origin, "limits." + now.name + " is set below and must hold"};
  }
  return {};
}

}  // namespace stepbox::policy
