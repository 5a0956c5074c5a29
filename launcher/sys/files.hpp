// Reading small files and looking at paths, on the supervisor's side.
//
// Only ENOENT and ENOTDIR mean that nothing is there. Every other errno (EIO, ESTALE, ENOMEM, EACCES, ELOOP, ...) is an
// Error: what is there is then unknown. Callers follow one rule:
//   - where taking a path for absent takes a protection away (what is hidden, the homes and other masked places, policy
//     files, marks of a checkout, control groups), and where the user named the path, the Error ends the run;
//   - where it only shows less (entries of PATH, toolchains, a CI's files), the path is passed over, and a debug line
//     says so.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace stepbox::sys {

enum class PathKind : uint8_t { missing, directory, file, other };
enum class Links : uint8_t { followed, themselves };

// Whether the errno of a look-up says that nothing is there.
constexpr bool means_absent(int error) { return error == ENOENT || error == ENOTDIR; }

// stat(2) or lstat(2); nothing when there is nothing. Error: "cannot look at 'x': ...".
Result<std::optional<struct stat>> status_of(const std::string& path, Links links = Links::followed);

// What is at the path, links followed. Error as of status_of().
Result<PathKind> kind_of(const std::string& path);

// The path with every link resolved; nothing when there is nothing. Error: "cannot look at 'x': ...".
Result<std::optional<std::string>> real_path(const std::string& path);

// The first `limit` bytes of a file that the kernel or the administrator wrote. Error: errno of open or read.
Result<std::string> read_file(const std::string& path, size_t limit = size_t{1} << 20);

struct DirectoryEntry {
  std::string name;
  PathKind kind;     // of the entry itself; a link is `other`
  std::string link;  // the text of a symbolic link, empty otherwise
};

// The entries of a directory but "." and "..", sorted by name. What is removed meanwhile is left out. Error: it cannot be
// listed to its end.
Result<std::vector<DirectoryEntry>> list_directory(const std::string& path);

// The names in a directory, "." and ".." among them; nothing when it holds more than `at_most`. Error: it cannot be
// listed to its end.
Result<std::optional<std::set<std::string, std::less<>>>> list_names(const std::string& path, size_t at_most);

}  // namespace stepbox::sys
