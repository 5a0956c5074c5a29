// Reading small files and looking at paths, on the supervisor's side.
//
// Only ENOENT and ENOTDIR mean that nothing is there. Every other errno (EIO, ESTALE, ENOMEM, EACCES, ELOOP, ...) is an
// Error: what is there is then unknown. Callers follow one rule:
//   - if treating the path as absent would drop a protection (hidden paths, homes and other masked places, policy
//     files, marks of a checkout, control groups), or if the user named the path, the Error ends the run;
//   - if it would only show the step less (entries of PATH, toolchains, a CI's files), the caller skips the path, and a
//     debug line says so.
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

// stat(2) or lstat(2); nothing if the path does not exist. Error: "cannot look at 'x': ...".
Result<std::optional<struct stat>> status_of(const std::string& path, Links links = Links::followed);

// What is at the path, links followed. Error as of status_of().
Result<PathKind> kind_of(const std::string& path);

// The path with every link resolved; nothing if it does not exist. Error: "cannot look at 'x': ...".
Result<std::optional<std::string>> real_path(const std::string& path);

// The first `limit` bytes of a file that the kernel or the administrator wrote. Error: errno of open or read.
Result<std::string> read_file(const std::string& path, size_t limit = size_t{1} << 20);

struct DirectoryEntry {
  std::string name;
  PathKind kind;     // of the entry itself; a link is `other`
  std::string link;  // the text of a symbolic link, empty otherwise
};

// The entries of a directory but "." and "..", sorted by name, without those removed meanwhile. Error: the listing
// fails before its end.
Result<std::vector<DirectoryEntry>> list_directory(const std::string& path);

// The names in a directory, "." and ".." included; nothing if there are more than `at_most`. Error: the listing fails
// before its end.
Result<std::optional<std::set<std::string, std::less<>>>> list_names(const std::string& path, size_t at_most);

}  // namespace stepbox::sys
