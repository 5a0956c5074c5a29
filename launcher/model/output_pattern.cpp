#include "model/output_pattern.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace stepbox {
namespace {

constexpr std::string_view kAnyDirectories = "**";
// The mark and the staging directories of outputs, whose journals a later run obeys.
constexpr std::string_view kNamesOfOutputs = ".stepbox-outputs";
constexpr std::string_view kGuarded[] = {".git", ".hg", ".jj", ".sl", ".svn", ".bzr", ".stepbox.yaml"};

// The length of the first character, as UTF-8; a byte that begins none counts as one.
size_t length_of_character(std::string_view text) {
  size_t length = 1;
  if (static_cast<unsigned char>(text[0]) >= 0xc0)
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) ++length;
  return length;
}

// The number of bytes at the beginning of `name` that the first element of the pattern, no '*', stands for; 0: none.
size_t matched_by_first(std::string_view pattern, std::string_view name) {
  if (name.empty()) return 0;
  if (pattern[0] == '?') return length_of_character(name);
  const char literal = pattern[0] == '\\' && pattern.size() > 1 ? pattern[1] : pattern[0];
  return literal == name[0] ? 1 : 0;
}

size_t length_of_first(std::string_view pattern) { return pattern[0] == '\\' && pattern.size() > 1 ? 2 : 1; }

// In linear time for practical patterns and at most |pattern| * |name|: it goes back only to the last '*'.
bool matches_name(std::string_view pattern, std::string_view name) {
  std::string_view after_star;
  std::string_view name_at_star;
  bool has_star = false;
  while (!name.empty() || !pattern.empty()) {
    if (!pattern.empty() && pattern[0] == '*') {
      pattern.remove_prefix(1);
      after_star = pattern;
      name_at_star = name;
      has_star = true;
      continue;
    }
    const size_t matched = pattern.empty() ? 0 : matched_by_first(pattern, name);
    if (matched > 0) {
      pattern.remove_prefix(length_of_first(pattern));
      name.remove_prefix(matched);
      continue;
    }
    if (!has_star || name_at_star.empty()) return false;
    name_at_star.remove_prefix(1);
    name = name_at_star;
    pattern = after_star;
  }
  return true;
}

bool has_wildcard(std::string_view part) {
  for (size_t i = 0; i < part.size(); i += length_of_first(part.substr(i)))
    if (part[i] == '*' || part[i] == '?') return true;
  return false;
}

std::string without_backslashes(std::string_view part) {
  std::string name;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\' && i + 1 < part.size()) ++i;
    name += part[i];
  }
  return name;
}

}  // namespace

bool is_guarded_name(std::string_view name) {
  return name.starts_with(kNamesOfOutputs) || std::ranges::find(kGuarded, name) != std::end(kGuarded);
}

bool names_guarded(const OutputPattern& pattern) {
  return std::ranges::any_of(pattern.parts, [](const std::string& part) { return !has_wildcard(part) && is_guarded_name(without_backslashes(part)); });
}

Result<OutputPattern> parse_output_pattern(std::string_view text) {
  if (text.empty()) return fail("a pattern cannot be empty");
  if (text.contains('\0')) return fail("a pattern cannot hold a NUL byte");
  OutputPattern pattern;
  std::string_view rest = text;
  if (text.starts_with('/')) {
    if (!text.starts_with(kOutDirectory) || (text.size() > kOutDirectory.size() && text[kOutDirectory.size()] != '/'))
      return fail(quoted(text) + " is neither relative to the checkout nor below " + std::string(kOutDirectory),
                  "write the path as it is below the checkout, without a leading '/'");
    pattern.root = OutputRoot::out;
    rest.remove_prefix(kOutDirectory.size());
  }
  for (const std::string_view part : split(rest, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(quoted(text) + " leaves the " + (pattern.root == OutputRoot::out ? "directory " + std::string(kOutDirectory) : "checkout") + " with '..'");
    if (part == kAnyDirectories && !pattern.parts.empty() && pattern.parts.back() == kAnyDirectories) continue;
    pattern.parts.emplace_back(part);
  }
  if (pattern.parts.size() >= OutputPattern::kMostParts)
    return fail(quoted(text) + " has more than " + std::to_string(OutputPattern::kMostParts - 1) + " components");
  return pattern;
}

OutputMatch::OutputMatch(const OutputPattern& pattern) { stand_at(pattern, 0); }

void OutputMatch::stand_at(const OutputPattern& pattern, size_t part) {
  if (part == pattern.parts.size()) {
    takes_ = true;
    return;
  }
  open_.set(part);
  if (pattern.parts[part] == kAnyDirectories) stand_at(pattern, part + 1);
}

OutputMatch OutputMatch::entered(const OutputPattern& pattern, std::string_view name) const {
  OutputMatch next;
  const bool is_guarded = is_guarded_name(name);
  next.takes_ = takes_ && !is_guarded;
  for (size_t part = 0; part < pattern.parts.size(); ++part) {
    if (!open_[part]) continue;
    const std::string& text = pattern.parts[part];
    if (is_guarded && has_wildcard(text)) continue;
    if (text == kAnyDirectories) next.stand_at(pattern, part);
    else if (matches_name(text, name)) next.stand_at(pattern, part + 1);
  }
  return next;
}

bool takes(const OutputPattern& pattern, std::string_view path) {
  OutputMatch match(pattern);
  for (const std::string_view name : split(path, '/')) match = match.entered(pattern, name);
  return match.takes();
}

}  // namespace stepbox
