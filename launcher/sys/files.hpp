// Reading small files and looking at paths, on the supervisor's side.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace stepbox::sys {

enum class PathKind : uint8_t { missing, directory, file, other };

// What is at the path, links followed. Anything that cannot be looked at is missing: the box could not
// show it either.
PathKind kind_of(const std::string& path);

// The path with every link resolved, or nothing when it does not exist or cannot be reached.
std::optional<std::string> real_path(const std::string& path);

// The first `limit` bytes of a file that the kernel or the administrator wrote. Error: errno of open or read.
Result<std::string> read_file(const std::string& path, size_t limit = size_t{1} << 20);

struct DirectoryEntry {
  std::string name;
  PathKind kind;     // of the entry itself; a link is `other`
  std::string link;  // the text of a symbolic link, empty otherwise
};

// The entries of a directory but "." and "..", sorted by name.
Result<std::vector<DirectoryEntry>> list_directory(const std::string& path);

// The names in a directory, "." and ".." among them. Nothing when it cannot be listed or holds more than `at_most`.
std::optional<std::set<std::string, std::less<>>> list_names(const std::string& path, size_t at_most);

}  // namespace stepbox::sys
