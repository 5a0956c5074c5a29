// Whether two files hold the same bytes. Skips holes, so that a sparse file takes no longer than its data.
#pragma once

#include <cstdint>

#include "sys/fd.hpp"

namespace stepbox::sys {

// Opens a regular file for reading: follows no symbolic link, opens nothing that could block, and leaves the time of
// access alone where the caller may do that. Empty for anything else.
Fd open_to_compare(int directory, const char* name);

enum class Sameness : uint8_t {
  same,
  different,
  unknown  // one of them cannot be read to its end
};

// Compares the first `size` bytes of two open files.
Sameness same_content(int one, int other, uint64_t size);

}  // namespace stepbox::sys
