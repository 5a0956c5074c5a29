// Writing a whole text, however little the kernel takes at a time.
#pragma once

#include <string_view>

namespace stepbox::sys {

// Writes all of `text`, and waits where the descriptor is non-blocking and has no room. 0, or the errno of the write that
// failed, with the text before it written. Allocates nothing.
int write_all(int fd, std::string_view text);

}  // namespace stepbox::sys
