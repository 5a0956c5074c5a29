// Finds and kills all processes of a step. Either the kernel knows them (a pid namespace), or their parents give them
// away (a subreaper: PR_SET_CHILD_SUBREAPER in prctl(2)). For use after clone: nothing here allocates.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sandbox/channel.hpp"

namespace stepbox::sandbox {

enum class Bounds : uint8_t {
  pid_namespace,  // every process in it; the caller is its init
  descendants     // the caller is a subreaper: orphaned descendants become its children
};

// Sends SIGKILL to every process within the bounds. With descendants, only to the caller's children; their own
// children follow once orphaned. `processes` is open on a /proc that shows them.
void kill_everybody(int processes, Bounds bounds);

// What the first kMaxStrays processes within the bounds are doing.
struct Activity {
  bool is_running = false;     // a thread has a processor, or waits for one or for a disk
  int64_t processor_time = 0;  // nanoseconds, including children that they have waited for
};
Activity activity_of(int processes, Bounds bounds);

// Counts the live processes within the bounds, and lists the first kMaxStrays. With descendants, only the children.
// Beyond the first, zombies are counted too: checking ten thousand processes would take too long.
uint32_t list_everybody(int processes, Bounds bounds, StrayRecord* strays);

// The parent of a process; 0 if the process is gone.
pid_t parent_of(int processes, pid_t pid);

// Kills and reaps children until none are left, for at most ten seconds: killing by parentage cannot catch a step
// that forks faster than it is killed. Returns whether none are left.
bool end_descendants(int processes);

}  // namespace stepbox::sandbox
