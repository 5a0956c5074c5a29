// Work that may block for ever, done by a child for a limited time: reading what belongs to hostile processes, or
// writing to somebody who does not read.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace stepbox::sys {

struct ChildOutput {
  std::string text;       // what it wrote, also when it was cut off
  bool finished = false;  // it ended in time, having done everything
};

// Forks, and calls `work` in the child with a descriptor to write to. When the time is over, or more than
// `limit` bytes have come, the child is killed; one that cannot be killed yet is left to the kernel and never
// waited for. The child has `kept` and standard error, and none of the caller's other descriptors; it dies with
// the caller. All signals must be blocked, and there must be one thread: `work` may allocate.
ChildOutput run_bounded(const std::function<void(int out)>& work, const std::vector<int>& kept,
                        std::chrono::milliseconds time, size_t limit);

}  // namespace stepbox::sys
