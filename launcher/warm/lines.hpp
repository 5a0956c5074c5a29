// The text files of the store and the messages to the companion: lines of "KEY VALUE". Pure.
//
// A value may hold any bytes: a backslash, a line feed and other control characters are written as \\, \n and \xNN.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace stepbox::warm {

std::string escape_value(std::string_view value);
// Error: an escape that escape_value() does not write.
Result<std::string> unescape_value(std::string_view text);

class LineWriter {
 public:
  explicit LineWriter(std::string_view heading) : text_(std::string(heading) + "\n") {}

  void put(std::string_view key, std::string_view value);
  void put(std::string_view key, uint64_t value) { put(key, std::to_string(value)); }
  // Leaves the line out if the value is empty.
  void put_if(std::string_view key, std::string_view value) {
    if (!value.empty()) put(key, value);
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

struct Line {
  std::string key;
  std::string value;  // escapes undone
};

// The lines behind the heading. Error: another heading, a line without a value, or text that does not end in a line
// feed, since the rest of such a text is missing.
Result<std::vector<Line>> read_lines(std::string_view text, std::string_view heading);

// Error: not a number in decimal digits alone.
Result<uint64_t> number_of(std::string_view text);

}  // namespace stepbox::warm
