#include "sandbox/process_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

#include "sandbox/process_list.hpp"
#include "sandbox/stat_line.hpp"
#include "sys/fd.hpp"

namespace stepbox::sandbox {

std::optional<ProcessMemory> parse_process_memory(int pid, std::string_view stat) {
  // A pending SIGKILL will act next; PF_SIGNALED (kernel: sched.h) marks a process that a signal is already ending.
  // Both fields are in proc(5).
  constexpr unsigned long long kKillIsPending = 1ULL << (SIGKILL - 1);
  constexpr unsigned long long kEndedBySignal = 0x400;
  const StatLine line(stat);
  if (!line) return std::nullopt;
  static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return ProcessMemory{.pid = pid,
                       .name = std::string(line.name()),
                       .bytes = line.count(24) * page,
                       .is_dying = (line.count(9) & kEndedBySignal) != 0 || (line.count(31) & kKillIsPending) != 0};
}

std::vector<ProcessMemory> memory_of_processes(int processes, pid_t ancestor) {
  constexpr size_t kMost = 1000;
  std::vector<int> pids = processes_of_step(processes, ancestor);
  pids.resize(std::min(pids.size(), kMost));
  std::vector<ProcessMemory> found;
  for (const int pid : pids) {
    std::array<char, 64> path{};
    std::snprintf(path.data(), path.size(), "%d/stat", pid);
    const sys::Fd file(::openat(processes, path.data(), O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> text{};
    const ssize_t length = file ? ::read(file.get(), text.data(), text.size()) : 0;
    if (length <= 0) continue;
    if (auto memory = parse_process_memory(pid, {text.data(), static_cast<size_t>(length)})) found.push_back(std::move(*memory));
  }
  return found;
}

}  // namespace stepbox::sandbox
