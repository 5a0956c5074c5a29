// How everybody who belongs to a step is found and killed. Two ways: the kernel knows (a pid namespace), or parentage
// tells (a subreaper: PR_SET_CHILD_SUBREAPER in prctl(2)). Used after clone: nothing here allocates.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sandbox/channel.hpp"

namespace stepbox::sandbox {

enum class Bounds : uint8_t {
  pid_namespace,  // everybody in it; the caller is its init
  descendants     // whose parents end become children of the caller, a subreaper
};

// SIGKILL to everybody within the bounds; of descendants to the children only, whose own children come next.
// `processes` is open on a /proc that shows them.
void kill_everybody(int processes, Bounds bounds);

// What those within the bounds do, of the first kMaxStrays.
struct Activity {
  bool is_running = false;     // some thread has a processor or waits for one, or for a disk
  int64_t processor_time = 0;  // nanoseconds that they have used, with those that they have waited for
};
Activity activity_of(int processes, Bounds bounds);

// Who is alive within the bounds: their number, and the first kMaxStrays of them. Of descendants the children. Behind the
// first, those are counted who are dead and not reaped: to look at ten thousand takes too long beside them.
uint32_t list_everybody(int processes, Bounds bounds, StrayRecord* strays);

// Of a process; 0 when it is gone.
pid_t parent_of(int processes, pid_t pid);

// Kills and reaps children until there are none, for ten seconds at the most: a step that forks faster than it is killed
// is not caught by parentage. Returns whether nobody is left.
bool end_descendants(int processes);

}  // namespace stepbox::sandbox
