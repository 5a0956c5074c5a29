// Which process of a step held most memory. Plain data.
#pragma once

#include <cstdint>
#include <string>

namespace stepbox {

struct ProcessMemory {
  int pid = 0;         // in the box
  std::string name;    // as the kernel has it: 15 bytes
  uint64_t bytes = 0;  // resident
  bool is_dying = false;  // a signal has ended it
};

// Of the processes that were there when memory ran out, the one to name.
struct MemoryHolder {
  int pid = 0;
  std::string name;
  uint64_t bytes = 0;
  bool was_killed = false;  // seen to be ended by a signal then; else it is only the one that held most
};

}  // namespace stepbox
