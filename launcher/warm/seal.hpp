// The seal of a generation: what is known of it without its manifest, and the inodes and times by which a change shows.
// Written last, when everything else of the generation is in place.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/warm.hpp"

namespace stepbox::warm {

// How a file or directory looked when the generation was sealed. A hard link to a file of the tree changes that file's
// time of status change; so only the manifest and directories are marked, which have no other links.
struct Mark {
  std::string path;  // below the generation: "manifest", "tree", "tree/cache/go-build"
  uint64_t inode = 0;
  uint64_t size = 0;          // 0 for a directory: it differs between file systems
  int64_t modified = 0;       // nanoseconds since 1970
  int64_t status_changed = 0;
  bool operator==(const Mark&) const = default;
};

Mark mark_of(std::string path, const struct stat& status);

struct Seal {
  WarmGeneration generation;
  std::string manifest_digest;  // SHA-256 in hex
  std::vector<Mark> marks;
};

inline constexpr size_t kLongestSeal = 64 << 10;

std::string to_text(const Seal& seal);
Result<Seal> seal_of_text(std::string_view text);

// The fields of a generation as lines, shared with the messages to the companion.
class LineWriter;
void put_generation(LineWriter& lines, const WarmGeneration& generation);
struct Line;
// Whether the line was one of them; Error: its value is wrong.
Result<bool> take_generation(const Line& line, WarmGeneration& generation);

// The marks of the generation in `directory`, an open directory. Error: one cannot be looked at.
Result<std::vector<Mark>> take_marks(int directory, const std::vector<std::string>& top_directories);

// Why the generation no longer is as it was sealed ("its 'tree' was changed"), or nothing.
std::string what_changed(int directory, const std::vector<Mark>& marks);

}  // namespace stepbox::warm
