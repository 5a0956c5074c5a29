#include "policy/limit_values.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "model/units.hpp"
#include "policy/refusal.hpp"
#include "policy/widening.hpp"

namespace stepbox::policy {
namespace {

std::string_view last_word(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

bool is_wider(const Size& now, const Size& before, uint64_t memory) {
  if (now.unit == before.unit) return now.amount > before.amount;
  return memory == 0 || now.bytes_of(memory) > before.bytes_of(memory);
}

const ProcessLimitSpec* find(const std::vector<ProcessLimitSpec>& limits, int resource) {
  const auto found = std::ranges::find(limits, resource, &ProcessLimitSpec::resource);
  return found == limits.end() ? nullptr : &*found;
}

}  // namespace

Result<> apply_limit_of_box(Policy& policy, const Setting& setting) {
  const BoxLimit& row = *find_box_limit(last_word(setting.key));
  if (row.size != nullptr) {
    TRY_ASSIGN(const Size size, parse_size(setting.value));
    policy.limits.*row.size = {size, setting.origin};
  } else {
    TRY_ASSIGN(const uint64_t number, row.unit == LimitUnit::cores ? parse_cores(setting.value) : parse_count(setting.value));
    policy.limits.*row.number = {number, setting.origin};
  }
  return {};
}

Result<> apply_limit_of_process(Policy& policy, const Setting& setting) {
  const auto* row = std::ranges::find(kProcessLimits, last_word(setting.key), &ProcessLimit::name);
  uint64_t value = 0;
  if (row->unit == LimitUnit::count) {
    TRY_ASSIGN(value, parse_count(setting.value));
  } else {
    TRY_ASSIGN(const Size size, parse_size(setting.value));
    if (size.unit == Size::Unit::percent) return not_a(setting.value, kBytesForm);
    value = size.amount;
  }
  std::erase_if(policy.limits.of_process,
                [&](const ProcessLimitSpec& known) { return known.resource == row->resource; });
  policy.limits.of_process.push_back({row->resource, row->name(), value, setting.origin});
  return {};
}

Result<> apply_optional_limit(Policy& policy, const Setting& setting) {
  if (find_box_limit(setting.value) == nullptr)
    return not_a(setting.value, kBoxLimitForm, did_you_mean(setting.value, kBoxLimitNames));
  if (std::ranges::find(policy.limits.optional, setting.value, &OptionalLimit::name) == policy.limits.optional.end())
    policy.limits.optional.push_back({setting.value, setting.origin});
  return {};
}

// If no layer below sets the limit, any value tightens.
std::optional<Widening> widens_limit_of_box(const Policy& base, const Policy& changed, uint64_t memory, const BoxLimit& row) {
  if (!is_set(base.limits, row) || !is_set(changed.limits, row)) return {};
  const Origin& before_at = origin_in(base.limits, row);
  const Origin& now_at = origin_in(changed.limits, row);
  if (row.size != nullptr) {
    const Size& before = *(base.limits.*row.size).value;
    const Size& now = *(changed.limits.*row.size).value;
    if (!is_wider(now, before, memory)) return {};
    return wider({now.text(), now_at}, {before.text(), before_at});
  }
  const uint64_t before = *(base.limits.*row.number).value;
  const uint64_t now = *(changed.limits.*row.number).value;
  if (now <= before) return {};
  return wider({amount_text(row.unit, now), now_at}, {amount_text(row.unit, before), before_at});
}

std::optional<Widening> widens_limit_of_process(const Policy& base, const Policy& changed, int resource) {
  const ProcessLimitSpec* before = find(base.limits.of_process, resource);
  const ProcessLimitSpec* now = find(changed.limits.of_process, resource);
  if (before == nullptr || now == nullptr || now->value <= before->value) return {};
  return wider({std::to_string(now->value), now->origin}, {std::to_string(before->value), before->origin});
}

std::optional<Widening> widens_optional_limits(const Policy& base, const Policy& changed, uint64_t) {
  for (const OptionalLimit& now : changed.limits.optional) {
    const bool is_known =
        std::ranges::find(base.limits.optional, now.name, &OptionalLimit::name) != base.limits.optional.end();
    const BoxLimit& row = *find_box_limit(now.name);
    if (is_known || !is_set(base.limits, row)) continue;
    return Widening{{}, now.origin, "limits." + now.name + " is set by " + escaped(origin_in(base.limits, row).text()) + " and must hold"};
  }
  return {};
}

}  // namespace stepbox::policy
