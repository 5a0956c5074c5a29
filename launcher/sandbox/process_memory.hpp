// How much memory each process of a step holds, at once and without stopping them: /proc/PID/stat waits for no lock that
// a step could hold.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

#include "model/memory_holder.hpp"

namespace stepbox::sandbox {

// As for processes_of_step(). Of the first thousand.
std::vector<ProcessMemory> memory_of_processes(int processes, pid_t ancestor);

// From the text of /proc/PID/stat; nothing where it is not such a text. Pure.
std::optional<ProcessMemory> parse_process_memory(int pid, std::string_view stat);

}  // namespace stepbox::sandbox
