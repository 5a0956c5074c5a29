#include "sys/mountinfo.hpp"

#include "base/text.hpp"
#include "sys/files.hpp"

namespace stepbox::sys {
namespace {

// The kernel writes space, tab, newline and backslash as \040, \011, \012, \134.
std::string unescaped(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  const auto digit = [](char c) { return c >= '0' && c <= '7'; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && digit(text[i + 1]) && digit(text[i + 2]) && digit(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The field of that number, counted from 0; empty if the line has fewer.
std::string_view field(std::string_view line, int number) {
  for (; number > 0; --number) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
  return line.substr(0, line.find(' '));
}

}  // namespace

std::vector<HostMount> parse_mountinfo(std::string_view text) {
  std::vector<HostMount> mounts;
  for (const std::string_view line : split(text, '\n')) {
    // 36 35 98:0 /root /mount/point options [optional fields...] - type source superblock-options
    const std::string_view path = field(line, 4);
    const size_t dash = line.find(" - ");
    if (path.empty() || dash == std::string_view::npos) continue;
    const std::string_view rest = line.substr(dash + 3);
    mounts.push_back({unescaped(path), std::string(field(rest, 0)), unescaped(field(line, 3)), std::string(field(rest, 2))});
  }
  return mounts;
}

Result<std::vector<HostMount>> read_mounts() {
  // A host may have tens of thousands of mounts (snaps, containers); 64 MiB is beyond fs.mount-max.
  TRY_ASSIGN(const std::string text, read_file("/proc/self/mountinfo", size_t{64} << 20));
  return parse_mountinfo(text);
}

}  // namespace stepbox::sys
