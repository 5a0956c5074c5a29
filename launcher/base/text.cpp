#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <array>
#include <cstdint>
#include <cstdio>

namespace stepbox {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none.
// The table of Unicode 15, section 3.9, D92.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  const auto continues = [&](size_t i, int low = 0x80, int high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const int first = byte(0);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const int low = first == 0xE0 ? 0xA0 : 0x80;
    const int high = first == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const int low = first == 0xF0 ? 0x90 : 0x80;
    const int high = first == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void append_hex(std::string& out, char byte) {
  std::array<char, 5> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "\\x%02x", static_cast<unsigned>(static_cast<uint8_t>(byte)));
  out += buffer.data();
}

// Optimal string alignment distance: insert, delete, replace, or swap two neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text[0];
    const size_t length = utf8_length(text);
    if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (c == '\r') out += "\\r";
    else if (c == '\\' || c == '\'') (out += '\\') += c;
    else if (length == 0 || static_cast<uint8_t>(c) < 0x20 || c == 0x7f) append_hex(out, c);
    // U+0080..U+009F are control characters too; a terminal acts on them.
    else if (length == 2 && static_cast<uint8_t>(c) == 0xC2 && static_cast<uint8_t>(text[1]) < 0xA0) {
      append_hex(out, c);
      append_hex(out, text[1]);
    } else out += text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

std::string quoted(std::string_view text) { return "'" + escaped(text) + "'"; }

namespace {

// Three letters at least: fewer begin too many words.
std::string_view only_one_that_begins_with(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kFewest = 3;
  const size_t dashes = std::min(word.find_first_not_of('-'), word.size());
  if (word.size() - dashes < kFewest) return {};
  std::string_view found;
  for (const std::string_view candidate : candidates) {
    if (!candidate.starts_with(word)) continue;
    if (!found.empty()) return {};
    found = candidate;
  }
  return found;
}

}  // namespace


std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string others(text);
  std::erase_if(others, [](char c) { return c == '\'' || c == '\\'; });
  // Only this form can hold control characters and stray bytes; it has the escapes of escaped().
  if (escaped(others) != others) return "$'" + escaped(text) + "'";
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  // A word of 64 bytes or more is no typo, and the table grows with the square of its length.
  if (word.size() > 64) return {};
  std::string_view best;
  size_t best_distance = std::clamp<size_t>(word.size() / 3, 1, 2) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best.empty() ? only_one_that_begins_with(word, candidates) : best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view best = nearest(word, candidates);
  return best.empty() ? std::string() : "did you mean " + quoted(best) + "?";
}

std::string nearest_or_all(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kMostOnALine = 16;
  std::string text = did_you_mean(word, candidates);
  if (!text.empty() || candidates.empty() || candidates.size() > kMostOnALine) return text;
  for (size_t i = 0; i < candidates.size(); ++i) {
    text += i == 0 ? (candidates.size() == 1 ? "only " : "one of ") : i + 1 == candidates.size() ? " and " : ", ";
    text += candidates[i];
  }
  return text;
}

std::string sum_text(std::span<const SumLine> lines, const std::string& total) {
  size_t width = total.size();
  for (const SumLine& line : lines) width = std::max(width, line.amount.size());
  std::string text;
  const auto add = [&](const std::string& amount, const std::string& what) {
    text += "\n  " + std::string(width - amount.size(), ' ') + amount + "  " + what;
  };
  for (const SumLine& line : lines) add(line.amount, line.what);
  add(total, "together");
  return text;
}

std::string hex_text(uint64_t number) {
  char text[] = "0x0123456789abcdef";
  char* const end = std::to_chars(text + 2, std::end(text), number, 16).ptr;
  return {text, end};
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  parts.reserve(static_cast<size_t>(std::ranges::count(text, separator)) + 1);
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return parts;
    at = end + 1;
  }
}

bool is_within(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string lexically_normal(std::string_view path) {
  std::string out;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      const size_t slash = out.rfind('/');
      out.erase(slash == std::string::npos ? 0 : slash);
    } else {
      (out += '/') += part;
    }
  }
  return out.empty() ? "/" : out;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace stepbox
