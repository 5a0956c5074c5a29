// The line of /proc/PID/stat: "42 (a name) S 1 ...". The name may contain anything, parentheses too. Pure.
#pragma once

#include <charconv>
#include <cstddef>
#include <string_view>
#include <vector>

namespace stepbox::sandbox {

// The number at the beginning of a text; 0 if there is none.
template <class Number>
Number number_in(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class StatLine {
 public:
  // Views into `text`.
  explicit StatLine(std::string_view text);

  // Whether the text was such a line.
  explicit operator bool() const { return !fields_.empty(); }
  std::string_view name() const { return name_; }
  // Fields are numbered as in proc(5), from 3 ("state") on. Beyond the last one: empty, and 0 for the numbers.
  std::string_view field(size_t number) const;
  int integer(size_t number) const;
  unsigned long long count(size_t number) const;

 private:
  std::string_view name_;
  std::vector<std::string_view> fields_;
};

}  // namespace stepbox::sandbox
