// Measures the memory of each process of a step, without stopping them and without delay: /proc/PID/stat takes no
// lock that a step could hold.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

#include "model/memory_holder.hpp"

namespace stepbox::sandbox {

// Arguments as for processes_of_step(). Looks at the first thousand processes only.
std::vector<ProcessMemory> memory_of_processes(int processes, pid_t ancestor);

// Parses the text of /proc/PID/stat; empty if it is malformed. Pure.
std::optional<ProcessMemory> parse_process_memory(int pid, std::string_view stat);

}  // namespace stepbox::sandbox
