#include "run/memory_blame.hpp"

#include <algorithm>

namespace stepbox::run {

void MemoryBlame::look(const std::vector<ProcessMemory>& processes) {
  for (const ProcessMemory& process : processes) {
    ProcessMemory& seen = seen_[process.pid];
    // The process has called execve, or a new process has got the number.
    if (seen.name != process.name) seen = process;
    seen.bytes = std::max(seen.bytes, process.bytes);
    seen.is_dying = process.is_dying;
    seen.pid = process.pid;
  }
}

std::optional<MemoryHolder> MemoryBlame::holder() const {
  const ProcessMemory* best = nullptr;
  for (const auto& [pid, process] : seen_) {
    if (process.bytes == 0) continue;
    const auto rank = [](const ProcessMemory& whose) { return std::pair(whose.is_dying, whose.bytes); };
    if (best == nullptr || rank(process) > rank(*best)) best = &process;
  }
  if (best == nullptr) return std::nullopt;
  return MemoryHolder{best->pid, best->name, best->bytes, best->is_dying};
}

}  // namespace stepbox::run
