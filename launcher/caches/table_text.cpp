#include "caches/table_text.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace stepbox::caches::source {

std::string octal(unsigned value, int width) {
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%0*o", width, value);
  return digits.data();
}

// Octal escapes end after three digits, hexadecimal ones do not.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7f)
      (out += '\\') += octal(byte, 3);
    else
      out += c;
  }
  return out + "\"";
}

void Table::add(const std::string& row) {
  rows_ += "    " + row + ",\n";
  ++size_;
}

std::string Table::take_span() {
  const size_t first = std::exchange(taken_, size_);
  return "rows(" + name_ + ", " + std::to_string(first) + ", " + std::to_string(size_ - first) + ")";
}

std::string Table::definition() const {
  return "constexpr std::array<" + type_ + ", " + std::to_string(size_) + "> " + name_ + "{{\n" + rows_ + "}};\n\n";
}

}  // namespace stepbox::caches::source
