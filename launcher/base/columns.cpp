#include "base/columns.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace stepbox {
namespace {

constexpr std::string_view kIndent = "  ";
constexpr std::string_view kGap = "  ";
constexpr size_t kNarrowest = 12;
constexpr size_t kWidest = 34;

size_t width_of_left(std::span<const Row> rows) {
  size_t width = kNarrowest;
  for (const Row& row : rows)
    if (const size_t own = width_of(row.left); own <= kWidest) width = std::max(width, own);
  return width;
}

void append_row(std::string& text, const Row& row, size_t left_width) {
  const size_t margin = kIndent.size() + left_width + kGap.size();
  std::string line = std::string(kIndent) + row.left;
  const std::vector<std::string> right = row.right.lines(kPageWidth - margin);
  for (const std::string& part : right) {
    if (width_of(line) + kGap.size() > margin) {
      text += line + "\n";
      line.clear();
    }
    line.append(margin - width_of(line), ' ');
    text += line + part + "\n";
    line.clear();
  }
  if (right.empty()) text += line + "\n";
}

}  // namespace

size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Phrase& Phrase::words(std::string_view text) {
  for (const std::string_view word : split(text, ' '))
    if (!word.empty()) pieces_.push_back({std::string(word), false});
  return *this;
}

Phrase& Phrase::whole(std::string text) {
  pieces_.push_back({std::move(text), false});
  return *this;
}

Phrase& Phrase::glued(std::string text) {
  pieces_.push_back({std::move(text), true});
  return *this;
}

Phrase& Phrase::append(const Phrase& other) {
  pieces_.insert(pieces_.end(), other.pieces_.begin(), other.pieces_.end());
  return *this;
}

std::vector<std::string> Phrase::lines(size_t width) const {
  std::vector<std::string> lines;
  for (const Piece& piece : pieces_) {
    const size_t blank = piece.is_glued ? 0 : 1;
    const bool fits = !lines.empty() && width_of(lines.back()) + blank + width_of(piece.text) <= width;
    if (fits) lines.back().append(blank, ' ').append(piece.text);
    else lines.push_back(piece.text);
  }
  return lines;
}

Phrase listed(std::span<const std::string> names) {
  Phrase list;
  for (size_t i = 0; i < names.size(); ++i) list.whole(names[i] + (i + 1 < names.size() ? "," : ""));
  return list;
}

std::string columns(std::span<const Row> rows) {
  const size_t left_width = width_of_left(rows);
  std::string text;
  for (const Row& row : rows) append_row(text, row, left_width);
  return text;
}

}  // namespace stepbox
