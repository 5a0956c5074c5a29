// What a process still has open.
#pragma once

#include <span>

namespace stepbox::sys {

// Both by close_range(2), 5.9, with its flag of 5.11. Where a container's filter that is older refuses it, what is open is
// read from /proc/self/fd. 0 or an errno. Allocation-free, for use after clone.

// Closes all but these, which are sorted in passing; a negative one stands for none.
int close_all_but(std::span<int> kept);

// The next execve closes all from `first` on.
int close_on_exec_from(unsigned first);

}  // namespace stepbox::sys
