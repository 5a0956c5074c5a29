// Files that get their name once they are complete. However the writer ends, a reader finds the old file or the new
// one, never a part of either.
#pragma once

#include <sys/types.h>

#include <expected>
#include <functional>
#include <string_view>

#include "sys/file_id.hpp"

namespace stepbox::sys {

// yes: content and name are on the disk when the call returns, which takes milliseconds. no: after a crash of the
// machine the name may show what it showed before.
enum class Sync : uint8_t { no, yes };

// Writes the content into an empty file that is open for writing, and returns 0 or an errno. Mode and times that it
// sets on the descriptor are in place before the name appears. Called again, with another empty file, if the first one
// could not get a name.
using Fill = std::function<int(int file)>;

inline constexpr mode_t kOrdinaryMode = 0666;  // minus the umask, as for any program

// Writes a file and names it `name` in `directory`, a descriptor (O_PATH will do). Replaces whatever has the name, even
// a symbolic link, and never writes through one; but a directory gives EISDIR. Returns the new file, or an errno; then
// the name shows what it showed before, and nothing is left behind. A killed writer may leave ".stepbox-partial-PID-N"
// on a file system without O_TMPFILE.
//
// A caller that wants EFBIG for a file that may not grow must ignore SIGXFSZ.
std::expected<FileId, int> write_atomically(int directory, const char* name, const Fill& fill, Sync sync,
                                            mode_t mode = kOrdinaryMode);
std::expected<FileId, int> write_atomically(int directory, const char* name, std::string_view text, Sync sync,
                                            mode_t mode = kOrdinaryMode);

// Removes the name if it still belongs to that file.
void remove_if_still(int directory, const char* name, FileId file);

}  // namespace stepbox::sys
