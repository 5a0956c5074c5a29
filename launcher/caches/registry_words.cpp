#include "caches/registry_words.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/volumes.hpp"

namespace stepbox::caches::source {
namespace {

constexpr bool is_top(const VolumeDirectory& directory) { return !directory.path.empty() && !directory.path.contains('/'); }

constexpr size_t kTopCount = [] {
  size_t count = 0;
  for_each_volume_directory([&](const VolumeDirectory& directory) { count += is_top(directory) ? 1 : 0; });
  return count;
}();

// Where a redirect may lead: the directories that every run has at the top of the workspace.
constexpr auto kTopDirectories = [] {
  std::array<std::string_view, kTopCount> names{};
  size_t at = 0;
  for_each_volume_directory([&](const VolumeDirectory& directory) {
    if (is_top(directory)) names[at++] = directory.path;
  });
  return names;
}();
constexpr auto kNoVolume = listed(kTopDirectories, " ", " ", "does not begin with a volume (", ")");

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_control(char c) {
  return static_cast<uint8_t>(c) < 0x20 || c == 0x7f;
}

// What is wrong with the components of a relative path.
std::string_view fault_of_components(std::string_view path) {
  if (std::ranges::any_of(path, is_control)) return "has a control character";
  for (const std::string_view component : split(path, '/')) {
    if (component.empty()) return "has an empty component";
    if (component == "." || component == "..") return "has a '.' or '..' component";
  }
  return {};
}

}  // namespace

std::string_view fault_of_tool_name(std::string_view word) {
  const auto is_allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.' || c == '+'; };
  if (word.empty() || !is_lower(word[0]) || !std::ranges::all_of(word, is_allowed))
    return "is no tool name (a-z, then a-z 0-9 - . +)";
  return {};
}

std::string_view fault_of_variable(std::string_view word) {
  const auto is_allowed = [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; };
  if (word.empty() || is_digit(word[0]) || !std::ranges::all_of(word, is_allowed))
    return "is no variable name (A-Z a-z _, then also 0-9)";
  return {};
}

std::string_view fault_of_workspace_path(std::string_view word) {
  if (word.starts_with('/')) return "is absolute; it begins with a volume, as in cache/NAME";
  if (const std::string_view fault = fault_of_components(word); !fault.empty()) return fault;
  if (std::ranges::find(kTopDirectories, split(word, '/')[0]) == kTopDirectories.end()) return kNoVolume.view();
  for (size_t at = word.find_first_of("{}"); at != std::string_view::npos; at = word.find_first_of("{}", at)) {
    if (!word.substr(at).starts_with("{uid}")) return "has a placeholder other than {uid}";
    at += std::string_view("{uid}").size();
  }
  return {};
}

std::string_view fault_of_host_path(std::string_view word) {
  if (word.starts_with("~/")) return fault_of_components(word.substr(2));
  if (word.starts_with('/')) return fault_of_components(word.substr(1));
  if (word.starts_with('<')) return fault_of_components(word);
  return "does not begin with ~/ or / or <PLACE>";
}

std::string_view fault_of_home_path(std::string_view word) {
  if (word == "~") return {};
  if (!word.starts_with("~/")) return "is not below ~/";
  if (word.contains('<')) return "has a part that varies";
  return fault_of_components(word.substr(2));
}

std::string_view fault_of_settings_path(std::string_view word) {
  if (!word.starts_with("~/") && !word.starts_with("$XDG_CONFIG_HOME/")) return "begins neither with ~/ nor with $XDG_CONFIG_HOME/";
  if (word.contains('<')) return "has a part that varies";
  word.remove_prefix(word.find('/') + 1);
  return fault_of_components(word.ends_with('/') ? word.substr(0, word.size() - 1) : word);
}

std::string_view fault_of_tree_name(std::string_view word) {
  if (word.starts_with('/') || word.starts_with('~')) return "is no relative name";
  return fault_of_components(word.ends_with('/') ? word.substr(0, word.size() - 1) : word);
}

std::optional<uint16_t> read_mode(std::string_view word) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  if (word.size() != 4 || word[0] != '0' || !std::ranges::all_of(word, is_octal)) return std::nullopt;
  return static_cast<uint16_t>((word[1] - '0') * 64 + (word[2] - '0') * 8 + (word[3] - '0'));
}

}  // namespace stepbox::caches::source
