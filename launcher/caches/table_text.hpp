// Pieces of generated C++ files: literals, and arrays whose rows are spans of one table.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stepbox::caches::source {

std::string octal(unsigned value, int width);

// A C++ string literal.
std::string literal(std::string_view text);

// One array for the rows of all entries; an entry's rows are a span of it.
class Table {
 public:
  Table(std::string_view type, std::string_view name) : type_(type), name_(name) {}

  void add(const std::string& row);

  // The rows added since the last call, as an expression. The generated file defines kRowsFunction first.
  std::string take_span();

  std::string definition() const;

 private:
  std::string type_;
  std::string name_;
  std::string rows_;
  size_t size_ = 0;
  size_t taken_ = 0;
};

// The function that the expressions of take_span() call.
inline constexpr std::string_view kRowsFunction =
    R"(template <class Row, size_t N>
constexpr std::span<const Row> rows(const std::array<Row, N>& table, size_t first, size_t count) {
  return std::span<const Row>(table).subspan(first, count);
}

)";

}  // namespace stepbox::caches::source
