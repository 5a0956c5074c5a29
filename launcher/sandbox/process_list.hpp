// The processes of a step by their numbers in /proc, for looking at them from outside.
#pragma once

#include <sys/types.h>

#include <vector>

namespace stepbox::sandbox {

// The entries of a directory that are numbers, ascending as the kernel lists them. None where it cannot be listed.
std::vector<int> numbers_in(int directory, const char* path);

// `processes` is open on the box's /proc: all but init, which is stepbox's own. Or on the host's, and `ancestor` is a
// process, not 0, whose descendants are meant; its children are stepbox's own as well.
std::vector<int> processes_of_step(int processes, pid_t ancestor);

}  // namespace stepbox::sandbox
