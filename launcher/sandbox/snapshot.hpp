// Records what the processes of a box are doing, from outside and without stopping them.
//
// The processes are hostile: they come and go during the look, there may be thousands, and reading a command line
// means reading their memory, which they can delay for ever. So a child does the reading, within limits on time and
// on the number of processes, and command lines come last. Whatever it has reported by then is the snapshot. It reads
// no environment.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "model/deadlines.hpp"

namespace stepbox::sandbox {

// `processes` is open on the box's /proc; or on the host's, and `ancestor` is a process whose descendants are meant.
// Fills the processes, their number, and whether the list is complete.
Snapshot take_snapshot(int processes, pid_t ancestor, std::chrono::milliseconds time);

}  // namespace stepbox::sandbox
