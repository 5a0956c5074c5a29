// The record of a set in the form of sha256sum(1), and the one that stepbox leaves in a directory of outputs.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "outputs/collect.hpp"

namespace stepbox::outputs {

// Stands in every directory that --outputs-to made: `sha256sum -c .stepbox-outputs` checks it. stepbox replaces only
// directories that have it, and only if they hold nothing that it does not name.
inline constexpr const char* kMarkName = ".stepbox-outputs";

// A line for each file, as sha256sum(1) writes and checks it: a name with a newline, a carriage return or a backslash is
// escaped, and its line begins with a backslash.
std::string sums_text(std::span<const Entry> entries);

// The line for one file with this name and content.
std::string sum_line_of(std::string_view name, std::string_view content);

// The lines of all files behind a heading, and the links as comments.
std::string mark_text(std::span<const Entry> entries);

// The names in a text that mark_text() made; nothing if it is another text.
class MarkedNames {
 public:
  static std::optional<MarkedNames> read(std::string_view text);
  bool holds(std::string_view path) const;

 private:
  // Of a million names, hashes take an eighth of the memory. Two names with one hash would be mistaken for one another,
  // which needs a file that is neither an output nor an accident.
  std::vector<uint64_t> hashes_;
};

}  // namespace stepbox::outputs
