#include "warm/manifest.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <unordered_set>

#include "base/text.hpp"
#include "warm/lines.hpp"
#include "warm/seal.hpp"

namespace stepbox::warm {
namespace {

constexpr std::string_view kHeading = "stepbox-warm-manifest 1";
constexpr uint32_t kPermissions = 0777;

// "0644 17 3e80...".
std::string properties_text(const Entry& entry) {
  char numbers[48];
  std::snprintf(numbers, sizeof numbers, "%04o %llu ", entry.mode, static_cast<unsigned long long>(entry.size));
  return numbers + (entry.type == EntryType::directory ? "-" : digest::hex(entry.content));
}

int nibble(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

Result<digest::Sha256Digest> digest_of_hex(std::string_view text) {
  digest::Sha256Digest digest;
  if (text.size() != 2 * digest.size()) return fail("not a digest: " + quoted(text));
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return fail("not a digest: " + quoted(text));
    digest[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return digest;
}

Result<Entry> entry_of_line(const Line& line) {
  const std::string_view text = line.value;
  const size_t mode_end = text.find(' ');
  const size_t size_end = mode_end == text.npos ? text.npos : text.find(' ', mode_end + 1);
  const size_t content_end = size_end == text.npos ? text.npos : text.find(' ', size_end + 1);
  if (content_end == text.npos) return fail("not an entry: " + quoted(text));
  Entry entry;
  entry.type = static_cast<EntryType>(line.key[0]);
  const auto [end, error] = std::from_chars(text.data(), text.data() + mode_end, entry.mode, 8);
  if (error != std::errc() || end != text.data() + mode_end || entry.mode > kPermissions)
    return fail("not the mode of an entry: " + quoted(text));
  TRY_ASSIGN(entry.size, number_of(text.substr(mode_end + 1, size_end - mode_end - 1)));
  const std::string_view content = text.substr(size_end + 1, content_end - size_end - 1);
  if (entry.type != EntryType::directory) {
    TRY_ASSIGN(entry.content, digest_of_hex(content));
  } else if (content != "-" || entry.size != 0) {
    return fail("not a directory: " + quoted(text));
  }
  entry.path = text.substr(content_end + 1);
  if (!is_entry_path(entry.path)) return fail("not a path in a warm cache: " + quoted(entry.path));
  return entry;
}

// Whether the list may be made one by one: sorted, nothing twice, each below a directory before it.
Result<> require_sound(const std::vector<Entry>& entries) {
  std::unordered_set<std::string_view> directories = {""};
  std::string_view previous;
  for (const Entry& entry : entries) {
    if (entry.path <= previous) return fail("entries out of order, or twice: " + quoted(entry.path));
    previous = entry.path;
    const size_t slash = entry.path.rfind('/');
    const std::string_view above = slash == std::string::npos ? "" : std::string_view(entry.path).substr(0, slash);
    if (!directories.contains(above)) return fail(quoted(entry.path) + " lies in no directory of the list");
    if (entry.type == EntryType::directory) directories.insert(entry.path);
  }
  return {};
}

Result<> take(const Line& line, Manifest& manifest) {
  if (line.key == "d" || line.key == "f" || line.key == "l") {
    TRY_ASSIGN(Entry entry, entry_of_line(line));
    manifest.entries.push_back(std::move(entry));
    return {};
  }
  if (line.key == "tool" || line.key == "directory") {
    (line.key == "tool" ? manifest.tools : manifest.directories).push_back(line.value);
    return {};
  }
  std::string* text = line.key == "parent"     ? &manifest.parent
                      : line.key == "run"      ? &manifest.origin.run
                      : line.key == "host"     ? &manifest.origin.host
                      : line.key == "checkout" ? &manifest.origin.checkout
                      : line.key == "commit"   ? &manifest.origin.commit
                                               : nullptr;
  if (text != nullptr) {
    *text = line.value;
    return {};
  }
  TRY_ASSIGN(const bool is_known, take_generation(line, manifest.generation));
  return is_known ? Result<>{} : fail("unknown line " + quoted(line.key));
}

}  // namespace

bool is_entry_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath || path.find('\0') != path.npos) return false;
  return std::ranges::all_of(split(path, '/'), [](std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.size() <= kLongestName;
  });
}

void sort_entries(std::vector<Entry>& entries) { std::ranges::sort(entries, {}, &Entry::path); }

std::string tree_digest(const std::vector<Entry>& entries) {
  digest::Sha256 hasher;
  for (const Entry& entry : entries) {
    hasher.update(std::string_view(entry.path.c_str(), entry.path.size() + 1));
    hasher.update(std::string{static_cast<char>(entry.type), ' '} + properties_text(entry) + "\n");
  }
  return digest::hex(hasher.finish());
}

void count_entries(Manifest& manifest) {
  manifest.generation.bytes = manifest.generation.files = 0;
  for (const Entry& entry : manifest.entries) {
    manifest.generation.bytes += entry.type == EntryType::file ? entry.size : 0;
    manifest.generation.files += entry.type == EntryType::directory ? 0 : 1;
  }
  manifest.generation.digest = tree_digest(manifest.entries);
}

std::string to_text(const Manifest& manifest) {
  LineWriter lines(kHeading);
  put_generation(lines, manifest.generation);
  lines.put_if("parent", manifest.parent);
  lines.put_if("run", manifest.origin.run);
  lines.put_if("host", manifest.origin.host);
  lines.put_if("checkout", manifest.origin.checkout);
  lines.put_if("commit", manifest.origin.commit);
  for (const std::string& tool : manifest.tools) lines.put("tool", tool);
  for (const std::string& directory : manifest.directories) lines.put("directory", directory);
  for (const Entry& entry : manifest.entries)
    lines.put(std::string(1, static_cast<char>(entry.type)), properties_text(entry) + " " + entry.path);
  return std::move(lines).take();
}

Result<Manifest> manifest_of_text(std::string_view text) {
  TRY_ASSIGN(const std::vector<Line> lines, read_lines(text, kHeading));
  Manifest manifest;
  for (const Line& line : lines) TRY(take(line, manifest));
  TRY(require_sound(manifest.entries));
  for (const std::string& directory : manifest.directories) {
    const Entry* entry = find_entry(manifest.entries, directory);
    if (entry == nullptr || entry->type != EntryType::directory) return fail(quoted(directory) + " is missing in the list");
  }
  const WarmGeneration said = manifest.generation;
  count_entries(manifest);
  if (said != manifest.generation) return fail("its sums or its digest do not fit its list");
  return manifest;
}

const Entry* find_entry(const std::vector<Entry>& entries, std::string_view path) {
  const auto found = std::ranges::lower_bound(entries, path, {}, &Entry::path);
  return found != entries.end() && found->path == path ? &*found : nullptr;
}

}  // namespace stepbox::warm
