#include "warm/lines.hpp"

#include <charconv>

#include "base/text.hpp"

namespace stepbox::warm {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string escape_value(std::string_view value) {
  std::string text;
  text.reserve(value.size());
  for (const char c : value) {
    if (c == '\\') text += "\\\\";
    else if (c == '\n') text += "\\n";
    else if (is_control(c)) text += {'\\', 'x', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    else text += c;
  }
  return text;
}

Result<std::string> unescape_value(std::string_view text) {
  std::string value;
  value.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      value += text[at];
      continue;
    }
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (next == '\\' || next == 'n') {
      value += next == 'n' ? '\n' : '\\';
      at += 1;
    } else if (next == 'x' && at + 3 < text.size() && kHex.contains(text[at + 2]) && kHex.contains(text[at + 3])) {
      value += static_cast<char>(kHex.find(text[at + 2]) << 4 | kHex.find(text[at + 3]));
      at += 3;
    } else {
      return fail("unknown escape in " + quoted(text));
    }
  }
  return value;
}

void LineWriter::put(std::string_view key, std::string_view value) {
  text_ += key;
  text_ += ' ';
  text_ += escape_value(value);
  text_ += '\n';
}

Result<std::vector<Line>> read_lines(std::string_view text, std::string_view heading) {
  if (!text.starts_with(heading) || text.substr(heading.size(), 1) != "\n")
    return fail("it does not begin with " + quoted(heading));
  if (text.back() != '\n') return fail("its end is missing");
  text.remove_prefix(heading.size() + 1);
  std::vector<Line> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos || blank == 0) return fail("line without a value: " + quoted(line));
    TRY_ASSIGN(std::string value, unescape_value(line.substr(blank + 1)));
    lines.push_back({std::string(line.substr(0, blank)), std::move(value)});
  }
  return lines;
}

Result<uint64_t> number_of(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return fail(quoted(text) + " is no number");
  return number;
}

}  // namespace stepbox::warm
