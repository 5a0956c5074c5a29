// The manifest of a generation: what its tree holds, and where it came from. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "digest/sha256.hpp"
#include "model/warm.hpp"

namespace stepbox::warm {

enum class EntryType : char { directory = 'd', file = 'f', link = 'l' };

struct Entry {
  std::string path;  // relative, normal
  EntryType type = EntryType::file;
  uint32_t mode = 0;              // permission bits alone; 0777 for a link
  uint64_t size = 0;              // 0 for a directory
  digest::Sha256Digest content{};  // of a link: of its text; all zero for a directory
  bool operator==(const Entry&) const = default;
};

struct Manifest {
  WarmGeneration generation;
  std::string parent;  // the id of the generation that it was built upon; empty: an empty cache
  WarmOrigin origin;
  std::vector<std::string> tools;
  std::vector<std::string> directories;  // the warm cache's: "cache/go-build"
  std::vector<Entry> entries;            // sorted by the bytes of their paths
};

inline constexpr size_t kLongestPath = 4000;  // below PATH_MAX, with room for the store's own path
inline constexpr size_t kLongestName = 255;

// Whether the path is relative and normal, neither it nor a name in it too long, and without NUL.
bool is_entry_path(std::string_view path);

void sort_entries(std::vector<Entry>& entries);

// SHA-256, in hex, over path, type, mode, size and content of each entry. Two trees with the same digest are the same
// in all of these, wherever they are. Times and owners do not count.
std::string tree_digest(const std::vector<Entry>& entries);

// Sets digest, bytes and files from the entries, which are sorted.
void count_entries(Manifest& manifest);

std::string to_text(const Manifest& manifest);

// Error: the text is no manifest, or one that no save writes: a path that is not normal, twice the same path, an entry
// below something that is no directory, a set-id mode, sums or a digest that do not fit the entries. So the entries of
// a manifest from elsewhere can be made one by one below an empty directory, and none is made outside of it.
Result<Manifest> manifest_of_text(std::string_view text);

// The entry with that path, or null.
const Entry* find_entry(const std::vector<Entry>& entries, std::string_view path);

}  // namespace stepbox::warm
