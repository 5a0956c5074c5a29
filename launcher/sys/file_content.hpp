// The content of a regular file, read or copied piece by piece. A hole stays a hole in a copy.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace stepbox::sys {

// Is shown each byte of the file once, in order, those of holes as zeros. The view is valid during the call.
using Seen = std::function<void(std::string_view bytes)>;

// Reads the file from its beginning to its end. Returns 0 or an errno. `file` is open for reading, and its position is
// not used.
int read_content(int file, const Seen& seen);

// The same, and writes each piece to `to`, an empty file open for writing. Returns 0 or the errno of whichever failed.
int copy_content(int from, int to, const Seen& seen);

// Gives `to`, an empty file open for writing, the content of `from`, sharing it where the file system can (a reflink).
// Returns 0 or an errno; `is_shared` says whether it is.
int clone_content(int from, int to, bool& is_shared);

}  // namespace stepbox::sys
