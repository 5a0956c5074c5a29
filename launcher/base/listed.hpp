// The words of a table as one text, made by the compiler: "memory, processes or cpu".
//
// So an error, a help line or a schema that lists the rows of a table never lags behind the table.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace stepbox {

// A text assembled at compile time. Text that does not fit is a compile error.
template <std::size_t Capacity>
class ConstantText {
 public:
  constexpr ConstantText& operator+=(std::string_view text) {
    for (const char c : text) bytes_.at(length_++) = c;
    return *this;
  }
  constexpr std::string_view view() const { return {bytes_.data(), length_}; }

 private:
  std::array<char, Capacity> bytes_{};
  std::size_t length_ = 0;
};

// `between` stands between two words, `last` before the last one.
template <std::size_t Capacity = 192, class Words>
consteval ConstantText<Capacity> listed(const Words& words, std::string_view between, std::string_view last,
                                        std::string_view before = {}, std::string_view behind = {}) {
  ConstantText<Capacity> text;
  text += before;
  std::size_t left = std::size(words);
  for (const std::string_view word : words) {
    text += word;
    --left;
    if (left > 0) text += left == 1 ? last : between;
  }
  text += behind;
  return text;
}

// One column of a table, for functions that take plain words.
template <class Row, std::size_t Count, class Column>
consteval std::array<std::string_view, Count> column_of(const Row (&table)[Count], Column column) {
  std::array<std::string_view, Count> words{};
  for (std::size_t i = 0; i < Count; ++i) words[i] = table[i].*column;
  return words;
}

}  // namespace stepbox
