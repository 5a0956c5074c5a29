// Files that get their name when they are whole. Whatever ends the writer, a reader of the name finds the old file or
// the new one, and no part of either.
#pragma once

#include <sys/types.h>

#include <expected>
#include <functional>
#include <string_view>

#include "sys/file_id.hpp"

namespace stepbox::sys {

// yes: content and name are on the disk when the call returns, which takes milliseconds. no: after a crash of the machine
// the name may show what it showed before.
enum class Sync : uint8_t { no, yes };

// Writes the content into an empty file that is open for writing, and returns 0 or an errno. What it sets on the
// descriptor (mode, times) is there when the name is. Called once more, with another empty file, where the first could not
// be given a name.
using Fill = std::function<int(int file)>;

inline constexpr mode_t kOrdinaryMode = 0666;  // less the umask, as any program makes its files

// Writes a file and names it `name` in `directory`, a descriptor (O_PATH will do). Whatever has the name is replaced; a
// symbolic link too, which is never written through. A directory is not: EISDIR. Returns the new file, or the errno of
// what failed; then the name shows what it showed before, and nothing is left behind. A writer that is killed may leave
// ".stepbox-partial-PID-N" on a file system without O_TMPFILE.
//
// The caller ignores SIGXFSZ to be told of a file that may not grow (EFBIG).
std::expected<FileId, int> write_atomically(int directory, const char* name, const Fill& fill, Sync sync,
                                            mode_t mode = kOrdinaryMode);
std::expected<FileId, int> write_atomically(int directory, const char* name, std::string_view text, Sync sync,
                                            mode_t mode = kOrdinaryMode);

// Removes the name where it still is that file's.
void remove_if_still(int directory, const char* name, FileId file);

}  // namespace stepbox::sys
