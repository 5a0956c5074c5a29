// Work that may block for ever, done by a child for a limited time: reading from hostile processes, or writing to a
// reader that may never read.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace stepbox::sys {

struct ChildOutput {
  std::string text;       // the child's output, even if it was cut off
  bool finished = false;  // the child ended in time with all its work done
};

// Forks, and calls `work` in the child with a descriptor to write to. Kills the child when time runs out or more
// than `limit` bytes have come; a child that does not die soon is left to the kernel. The child has `kept` and
// standard error, but none of the caller's other descriptors, and dies with the caller. All signals must be
// blocked, and there must be one thread: `work` may allocate.
ChildOutput run_bounded(const std::function<void(int out)>& work, const std::vector<int>& kept,
                        std::chrono::milliseconds time, size_t limit);

}  // namespace stepbox::sys
