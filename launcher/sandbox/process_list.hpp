// Lists a step's processes by their numbers in /proc, from outside.
#pragma once

#include <sys/types.h>

#include <vector>

namespace stepbox::sandbox {

// The numeric entries of a directory, in the kernel's (ascending) order. Empty if it cannot be listed.
std::vector<int> numbers_in(int directory, const char* path);

// `processes` is open on the box's /proc: all processes except init, which is stepbox's own. Or it is open on the
// host's, and `ancestor` (not 0) is a process whose descendants are meant, except its children, which are stepbox's
// own too.
std::vector<int> processes_of_step(int processes, pid_t ancestor);

}  // namespace stepbox::sandbox
