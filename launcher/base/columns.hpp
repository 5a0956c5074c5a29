// Pages for a terminal or a log: two columns, folded at a hundred characters. No escape codes; pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stepbox {

inline constexpr size_t kPageWidth = 100;

// The width of UTF-8 text on a terminal, in characters: near enough for columns.
size_t width_of(std::string_view text);

// Text in pieces. Lines are folded between pieces, never within one, so that a path can still be copied.
class Phrase {
 public:
  Phrase() = default;
  Phrase(std::string_view text) { words(text); }
  Phrase(const std::string& text) { words(text); }
  Phrase(const char* text) { words(text); }

  // One piece per word.
  Phrase& words(std::string_view text);
  // One piece, its blanks included.
  Phrase& whole(std::string text);
  // One piece, joined to the previous one without a blank.
  Phrase& glued(std::string text);
  Phrase& append(const Phrase& other);

  bool empty() const { return pieces_.empty(); }
  // The lines, none wider than `width` unless a single piece is.
  std::vector<std::string> lines(size_t width) const;

 private:
  struct Piece {
    std::string text;
    bool is_glued;
  };
  std::vector<Piece> pieces_;
};

// "a, b, c", one piece per name.
Phrase listed(std::span<const std::string> names);

struct Row {
  std::string left;
  Phrase right;
};

// Indented rows. The left column is as wide as its widest entry, within bounds; a wider entry gets a line of its own,
// above its right side.
std::string columns(std::span<const Row> rows);

}  // namespace stepbox
