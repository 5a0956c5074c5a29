// Closing the descriptors that a process still has open.
#pragma once

#include <span>

namespace stepbox::sys {

// Both use close_range(2), 5.9, with its flag of 5.11. Where an older container filter refuses it, they list
// /proc/self/fd instead. They return 0 or an errno. Allocation-free, for use after clone.

// Closes all descriptors but these, which it sorts. Ignores negative ones.
int close_all_but(std::span<int> kept);

// Makes the next execve close all descriptors from `first` on.
int close_on_exec_from(unsigned first);

}  // namespace stepbox::sys
