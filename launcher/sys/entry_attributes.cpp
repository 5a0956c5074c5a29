#include "sys/entry_attributes.hpp"

#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <vector>

namespace stepbox::sys {
namespace {

// An entry in a directory, by a path that leads to it through an open descriptor.
class NamedEntry {
 public:
  NamedEntry(int directory, const char* name) {
    std::snprintf(path_.data(), path_.size(), "/proc/self/fd/%d/%s", directory, name);
  }
  ssize_t list(char* buffer, size_t size) const { return ::llistxattr(path_.data(), buffer, size); }
  ssize_t get(const char* attribute, char* buffer, size_t size) const { return ::lgetxattr(path_.data(), attribute, buffer, size); }

 private:
  std::array<char, NAME_MAX + 64> path_{};
};

class OpenFile {
 public:
  explicit OpenFile(int file) : file_(file) {}
  ssize_t list(char* buffer, size_t size) const { return ::flistxattr(file_, buffer, size); }
  ssize_t get(const char* attribute, char* buffer, size_t size) const { return ::fgetxattr(file_, attribute, buffer, size); }

 private:
  int file_;
};

// Calls `get` with a buffer until the result fits, and returns that; nothing if the call fails.
template <class Get>
std::optional<std::string> grown(Get get) {
  std::string text(256, '\0');
  for (;;) {
    const ssize_t size = get(text.data(), text.size());
    if (size >= 0) {
      text.resize(static_cast<size_t>(size));
      return text;
    }
    if (errno != ERANGE || text.size() > XATTR_SIZE_MAX) return std::nullopt;
    text.resize(text.size() * 16);
  }
}

template <class Entry>
std::optional<std::string> value_of(const Entry& entry, const char* attribute) {
  return grown([&](char* buffer, size_t size) { return entry.get(attribute, buffer, size); });
}

// Sorted.
template <class Entry>
std::vector<std::string> names_of(const Entry& entry, std::span<const std::string_view> apart_from) {
  std::vector<std::string> names;
  const auto list = grown([&](char* buffer, size_t size) { return entry.list(buffer, size); });
  if (!list) return names;
  for (size_t at = 0; at < list->size();) {
    const std::string_view name(list->c_str() + at);
    at += name.size() + 1;
    if (std::ranges::none_of(apart_from, [&](std::string_view beginning) { return name.starts_with(beginning); })) names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

template <class Entry>
bool are_same(const Entry& one, const Entry& other, std::span<const std::string_view> apart_from) {
  const std::vector<std::string> names = names_of(one, apart_from);
  if (names != names_of(other, apart_from)) return false;
  return std::ranges::all_of(names, [&](const std::string& attribute) {
    return value_of(one, attribute.c_str()) == value_of(other, attribute.c_str());
  });
}

}  // namespace

std::optional<std::string> attribute_of(int directory, const char* name, const char* attribute) {
  return value_of(NamedEntry(directory, name), attribute);
}

bool have_same_attributes(int directory, const char* name, int other_directory, const char* other_name,
                          std::span<const std::string_view> apart_from) {
  return are_same(NamedEntry(directory, name), NamedEntry(other_directory, other_name), apart_from);
}

bool have_same_attributes(int one, int other, std::span<const std::string_view> apart_from) {
  return are_same(OpenFile(one), OpenFile(other), apart_from);
}

}  // namespace stepbox::sys
