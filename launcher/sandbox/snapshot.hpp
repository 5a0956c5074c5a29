// What the processes of a box are doing, seen from outside and without stopping them.
//
// They are hostile: they come and go while they are looked at, there may be thousands, and reading a command line is
// reading their memory, which they can make wait for ever. So a child reads, for a limited time and a limited number
// of them, and the command lines last; what it has told until then is what there is. No environment is read.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "model/deadlines.hpp"

namespace stepbox::sandbox {

// `processes` is open on the box's /proc; or on the host's, and `ancestor` is a process whose descendants are meant.
// Fills the processes, their number, and whether that is all.
Snapshot take_snapshot(int processes, pid_t ancestor, std::chrono::milliseconds time);

}  // namespace stepbox::sandbox
