// Text for people: headings, and lines of two columns, wrapped at a hundred columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stepbox {

class Page {
 public:
  static constexpr size_t kWidth = 100;

  // Begins a section; behind another one with an empty line between. `text` is wrapped as well.
  void heading(std::string_view text);

  // `right` begins in the same column on all lines: at `column`, or on a line of its own below a `left` that is too long.
  // Both are broken at blanks; a word that is longer than the line (a path) stays whole, so that it can be copied.
  void line(std::string_view left, std::string_view right = {}, size_t column = 26);

  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace stepbox
