#include "sys/unique_name.hpp"

#include <sys/random.h>

#include <cstdio>

namespace stepbox::sys {

std::string unique_name(std::string_view prefix) {
  unsigned long long random = 0;
  [[maybe_unused]] const ssize_t ignored = ::getrandom(&random, sizeof random, 0);
  char digits[kUniqueDigits + 1];
  std::snprintf(digits, sizeof digits, "%012llx", random & 0xffff'ffff'ffffULL);
  return std::string(prefix) + digits;
}

bool is_unique_name(std::string_view prefix, std::string_view name) {
  return name.size() == prefix.size() + kUniqueDigits && name.starts_with(prefix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

}  // namespace stepbox::sys
