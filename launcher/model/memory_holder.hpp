// The process of a step that held the most memory. Plain data.
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

// The process to name when memory ran out.
struct MemoryHolder {
  int pid = 0;
  std::string name;
  uint64_t bytes = 0;
  bool was_killed = false;  // it was seen dying of a signal; false: it merely held the most
};

}  // namespace stepbox
