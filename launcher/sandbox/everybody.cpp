#include "sandbox/everybody.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "sys/directory_entries.hpp"

namespace stepbox::sandbox {
namespace {

// Init itself, in a pid namespace.
constexpr pid_t kInit = 1;

// A small file of a process; its length, or 0 when the process is gone.
size_t read_of(int processes, pid_t pid, const char* name, char* buffer, size_t size) {
  char path[64];
  std::snprintf(path, sizeof path, "%d/%s", static_cast<int>(pid), name);
  const int file = ::openat(processes, path, O_RDONLY | O_CLOEXEC);
  const ssize_t length = ::read(file, buffer, size - 1);
  ::close(file);
  buffer[std::max<ssize_t>(length, 0)] = '\0';
  return static_cast<size_t>(std::max<ssize_t>(length, 0));
}

template <class Take>
void for_each_within(int processes, Bounds bounds, Take take) {
  const pid_t self = ::getpid();
  sys::for_each_entry(processes, [&](const char* name) {
    const pid_t pid = std::atoi(name);
    if (pid <= 0) return;
    if (bounds == Bounds::pid_namespace ? pid != kInit : parent_of(processes, pid) == self) take(pid);
  });
}

}  // namespace

// proc(5), /proc/pid/stat: "PID (COMM) STATE PPID ...", where COMM may hold anything.
pid_t parent_of(int processes, pid_t pid) {
  char text[512];
  if (read_of(processes, pid, "stat", text, sizeof text) == 0) return 0;
  const char* end_of_name = std::strrchr(text, ')');
  return end_of_name == nullptr || std::strlen(end_of_name) < 4 ? 0 : std::atoi(end_of_name + 4);
}

void kill_everybody(int processes, Bounds bounds) {
  if (bounds == Bounds::pid_namespace) ::kill(-1, SIGKILL);
  else for_each_within(processes, bounds, [](pid_t pid) { ::kill(pid, SIGKILL); });
}

uint32_t list_everybody(int processes, Bounds bounds, StrayRecord* strays) {
  uint32_t count = 0;
  for_each_within(processes, bounds, [&](pid_t pid) {
    if (count < kMaxStrays) {
      StrayRecord& stray = strays[count];
      stray.pid = pid;
      // The kernel ends it with a newline.
      char comm[sizeof stray.comm + 1];
      if (const size_t length = read_of(processes, pid, "comm", comm, sizeof comm); length > 0) comm[length - 1] = '\0';
      std::memcpy(stray.comm, comm, sizeof stray.comm);
    }
    ++count;
  });
  return count;
}

std::vector<pid_t> list_children(int processes) {
  std::vector<pid_t> children;
  for_each_within(processes, Bounds::descendants, [&](pid_t pid) { children.push_back(pid); });
  return children;
}

bool end_descendants(int processes, std::span<const pid_t> spared) {
  constexpr int kMoments = 10'000;
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 1'000'000};
  for (int i = 0; i < kMoments; ++i) {
    bool is_over = true;
    for_each_within(processes, Bounds::descendants, [&](pid_t pid) {
      if (std::ranges::find(spared, pid) != spared.end()) return;
      is_over = false;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, WNOHANG | __WALL);
    });
    if (is_over) return true;
    ::nanosleep(&kMoment, nullptr);
  }
  return false;
}

}  // namespace stepbox::sandbox
