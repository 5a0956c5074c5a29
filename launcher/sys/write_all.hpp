// Writing a whole text, however little the kernel takes at a time.
#pragma once

#include <string_view>

namespace stepbox::sys {

// Writes all of `text`, and waits if the descriptor is non-blocking and has no room. Returns 0, or the errno of the
// write that failed; the text before it is written. Allocates nothing.
int write_all(int fd, std::string_view text);

}  // namespace stepbox::sys
