#include "outputs/sums.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace stepbox::outputs {
namespace {

constexpr std::string_view kHeading = "# Outputs of a step, put here by stepbox, which replaces this directory as a whole.\n";
constexpr std::string_view kLink = "# link: ";
constexpr size_t kDigits = 64;

std::string escaped_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '\\') out += "\\\\";
    else if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else out += c;
  }
  return out;
}

std::string name_of_escaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    out += c == 'n' ? '\n' : c == 'r' ? '\r' : c;
  }
  return out;
}

void add_line(std::string& text, std::string_view path, const digest::Sha256Digest& digest) {
  const std::string name = escaped_name(path);
  if (name != path) text += '\\';
  ((text += digest::hex(digest)) += "  ") += name;
  text += '\n';
}

uint64_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name); }

std::string comment(const Entry& entry) { return std::string(kLink) + escaped_name(entry.path) + "\n"; }

// The name on a line; empty for another comment.
std::string name_on(std::string_view line) {
  if (line.starts_with(kLink)) return name_of_escaped(line.substr(kLink.size()));
  if (line.starts_with('#')) return {};
  const bool is_escaped = line.starts_with('\\');
  if (is_escaped) line.remove_prefix(1);
  if (line.size() < kDigits + 2) return {};
  return is_escaped ? name_of_escaped(line.substr(kDigits + 2)) : std::string(line.substr(kDigits + 2));
}

}  // namespace

std::string sums_text(std::span<const Entry> entries) {
  std::string text;
  for (const Entry& entry : entries)
    if (entry.kind == OutputKind::file) add_line(text, entry.path, entry.digest);
  return text;
}

std::string sum_line_of(std::string_view name, std::string_view content) {
  std::string text;
  add_line(text, name, digest::sha256(content));
  return text;
}

std::string mark_text(std::span<const Entry> entries) {
  std::string text = std::string(kHeading) + sums_text(entries);
  for (const Entry& entry : entries)
    if (entry.kind == OutputKind::link) text += comment(entry);
  return text;
}

std::optional<MarkedNames> MarkedNames::read(std::string_view text) {
  if (!text.starts_with(kHeading)) return std::nullopt;
  MarkedNames names;
  for (const std::string_view line : split(text, '\n'))
    if (const std::string name = name_on(line); !name.empty()) names.hashes_.push_back(hash_of(name));
  std::ranges::sort(names.hashes_);
  return names;
}

bool MarkedNames::holds(std::string_view path) const { return std::ranges::binary_search(hashes_, hash_of(path)); }

}  // namespace stepbox::outputs
