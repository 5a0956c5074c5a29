// How the keys below `limits` are read, and what wider means for them: the functions behind KeyRow::apply and
// KeyRow::widening.
#pragma once

#include <string_view>

#include "policy/keys.hpp"

namespace stepbox::policy {

inline constexpr std::string_view kBytesForm = "a size like 8GiB or 512M";
inline constexpr std::string_view kCoresForm = "a number of cores like 2 or 0.5";
inline constexpr std::string_view kBoxLimitForm = "memory, processes or cpu";

Result<> apply_memory_limit(Policy& policy, const Setting& setting);
Result<> apply_process_limit(Policy& policy, const Setting& setting);
Result<> apply_cpu_limit(Policy& policy, const Setting& setting);
// Any of kProcessLimits, by the setting's key.
Result<> apply_limit_of_process(Policy& policy, const Setting& setting);
Result<> apply_optional_limit(Policy& policy, const Setting& setting);

std::optional<Widening> widens_memory_limit(const Policy& base, const Policy& changed, uint64_t memory);
std::optional<Widening> widens_process_limit(const Policy& base, const Policy& changed, uint64_t memory);
std::optional<Widening> widens_cpu_limit(const Policy& base, const Policy& changed, uint64_t memory);
std::optional<Widening> widens_limit_of_process(const Policy& base, const Policy& changed, int resource);
template <size_t Row>  // of kProcessLimits
std::optional<Widening> widens_limit_of(const Policy& base, const Policy& changed, uint64_t) {
  return widens_limit_of_process(base, changed, kProcessLimits[Row].resource);
}

// A limit that the project itself sets may be optional; one that was set below it may not become so.
std::optional<Widening> widens_optional_limits(const Policy& base, const Policy& changed, uint64_t memory);

}  // namespace stepbox::policy
