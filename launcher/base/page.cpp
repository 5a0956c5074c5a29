#include "base/page.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace stepbox {
namespace {

// Columns of a terminal, as far as one character takes one.
size_t columns(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines = {""};
  for (const std::string_view word : split(text, ' ')) {
    std::string& line = lines.back();
    if (line.empty()) line = word;
    else if (columns(line) + 1 + columns(word) <= width) (line += ' ') += word;
    else lines.emplace_back(word);
  }
  return lines;
}

}  // namespace

void Page::heading(std::string_view text) {
  if (!text_.empty()) text_ += "\n";
  for (const std::string& line : wrapped(text, kWidth)) text_ += line + "\n";
}

void Page::line(std::string_view left, std::string_view right, size_t column) {
  constexpr std::string_view kIndent = "  ";
  if (right.empty()) {
    for (const std::string& line : wrapped(left, kWidth - kIndent.size())) (text_ += kIndent) += line + "\n";
    return;
  }
  (text_ += kIndent) += left;
  const size_t used = kIndent.size() + columns(left);
  bool is_first = true;
  for (const std::string& line : wrapped(right, kWidth - column)) {
    if (is_first && used < column) text_ += std::string(column - used, ' ');
    else text_ += "\n" + std::string(column, ' ');
    text_ += line;
    is_first = false;
  }
  text_ += "\n";
}

}  // namespace stepbox
