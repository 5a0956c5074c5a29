// Reads the keys below `limits`, and defines what wider means for them: the functions behind KeyRow::apply and
// KeyRow::widening.
#pragma once

#include <string_view>

#include "model/box_limits.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

inline constexpr std::string_view kBytesForm = "a size like 8GiB or 512M";
inline constexpr std::string_view kCoresForm = "a number of cores like 2 or 0.5";
inline constexpr auto kBoxLimitWords = listed(kBoxLimitNames, ", ", " or ");
inline constexpr std::string_view kBoxLimitForm = kBoxLimitWords.view();

// Any of kBoxLimits, by the setting's key; likewise any of kProcessLimits.
Result<> apply_limit_of_box(Policy& policy, const Setting& setting);
Result<> apply_limit_of_process(Policy& policy, const Setting& setting);
Result<> apply_optional_limit(Policy& policy, const Setting& setting);

std::optional<Widening> widens_limit_of_box(const Policy& base, const Policy& changed, uint64_t memory, const BoxLimit& row);
template <const BoxLimit& Row>
std::optional<Widening> widens_limit_of_box(const Policy& base, const Policy& changed, uint64_t memory) {
  return widens_limit_of_box(base, changed, memory, Row);
}
std::optional<Widening> widens_limit_of_process(const Policy& base, const Policy& changed, int resource);
template <const ProcessLimit& Row>
std::optional<Widening> widens_limit_of_process(const Policy& base, const Policy& changed, uint64_t) {
  return widens_limit_of_process(base, changed, Row.resource);
}

// A project may make its own limits optional, but not those that a layer below it sets.
std::optional<Widening> widens_optional_limits(const Policy& base, const Policy& changed, uint64_t memory);

}  // namespace stepbox::policy
