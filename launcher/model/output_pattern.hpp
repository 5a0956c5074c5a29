// Which files of a step are its outputs: patterns like "bin/**" or "/box/out/*.deb". Pure.
//
//   dist            the entry of that name; a directory comes with everything in it
//   *.whl           * stands for any characters of one name but '/', also none; a leading dot is nothing special
//   lib?.so         ? stands for one character of a name
//   target/*/app    each component matches one name
//   **/*.xml        a component ** stands for any number of directories, also none
//   dist/**         the same as dist
//   a\*b            a backslash takes the meaning from the next character
//
// A pattern is relative to the checkout, or begins with /box/out and is relative to that directory of the workspace.
// Wildcards, and directories that come whole, leave out what belongs to version control (.git, .hg, ...) and the
// project's policy: these carry code or settings that other programs obey. A pattern that spells such a name takes it.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stepbox {

enum class OutputRoot : uint8_t { checkout, out };

// Where the workspace's outputs are, in the box.
inline constexpr std::string_view kOutDirectory = "/box/out";

struct OutputPattern {
  static constexpr size_t kMostParts = 64;

  OutputRoot root = OutputRoot::checkout;
  std::vector<std::string> parts;  // "target", "*", "app"; none: all of the root
  bool operator==(const OutputPattern&) const = default;
};

// Error: only the value, "'../x' leaves the checkout with '..'".
Result<OutputPattern> parse_output_pattern(std::string_view text);

// Whether a part of the pattern spells one of the names that wildcards leave out.
bool names_guarded(const OutputPattern& pattern);

// Whether wildcards leave this name out.
bool is_guarded_name(std::string_view name);

// How far a walk from the root down has come in matching a pattern. A value for each directory on the way.
class OutputMatch {
 public:
  explicit OutputMatch(const OutputPattern& pattern);

  // For an entry of the directory that this match belongs to.
  OutputMatch entered(const OutputPattern& pattern, std::string_view name) const;

  // The entry is an output, and so is everything below it but guarded names.
  bool takes() const { return takes_; }
  // The entry or something below it may be an output.
  bool may_take() const { return takes_ || open_.any(); }

 private:
  OutputMatch() = default;
  void stand_at(const OutputPattern& pattern, size_t part);

  std::bitset<OutputPattern::kMostParts> open_;  // the parts that the next name is compared with
  bool takes_ = false;
};

// Whether the pattern takes the entry at a path, relative to the pattern's root.
bool takes(const OutputPattern& pattern, std::string_view path);

}  // namespace stepbox
