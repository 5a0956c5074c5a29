// Names that no other process chooses: a prefix and twelve random hexadecimal digits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stepbox::sys {

inline constexpr size_t kUniqueDigits = 12;

std::string unique_name(std::string_view prefix);

// Whether unique_name() could have made the name.
bool is_unique_name(std::string_view prefix, std::string_view name);

}  // namespace stepbox::sys
