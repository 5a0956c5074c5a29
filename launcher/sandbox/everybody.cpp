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
#include <iterator>

#include "sys/directory_entries.hpp"

namespace stepbox::sandbox {
namespace {

// Init itself, in a pid namespace.
constexpr pid_t kInit = 1;

// Reads a small file of a process; returns its length, or 0 if the process is gone.
size_t read_of(int processes, pid_t pid, const char* name, char* buffer, size_t size) {
  char path[64];
  std::snprintf(path, sizeof path, "%d/%s", static_cast<int>(pid), name);
  const int file = ::openat(processes, path, O_RDONLY | O_CLOEXEC);
  const ssize_t length = ::read(file, buffer, size - 1);
  ::close(file);
  buffer[std::max<ssize_t>(length, 0)] = '\0';
  return static_cast<size_t>(std::max<ssize_t>(length, 0));
}

struct Kinship {
  char state = 'X';
  pid_t parent = 0;
  int64_t ticks = 0;  // processor time of all its threads, and of children that it has waited for
  int threads = 0;
};

// proc(5), /proc/pid/stat: "PID (COMM) STATE PPID ...", where COMM may contain anything.
Kinship kinship_in(const char* text) {
  constexpr int kFirstTicks = 14;
  constexpr int kThreads = 20;
  const char* end_of_name = std::strrchr(text, ')');
  if (end_of_name == nullptr || std::strlen(end_of_name) < 4) return {};
  Kinship kinship{.state = end_of_name[2]};
  char* at = const_cast<char*>(end_of_name) + 3;
  for (int field = 4; field <= kThreads; ++field) {
    const int64_t value = std::strtoll(at, &at, 10);
    if (field == 4) kinship.parent = static_cast<pid_t>(value);
    if (field >= kFirstTicks && field < kFirstTicks + 4) kinship.ticks += value;
    if (field == kThreads) kinship.threads = static_cast<int>(value);
  }
  return kinship;
}

Kinship kinship_of(int processes, pid_t pid) {
  char text[512];
  return read_of(processes, pid, "stat", text, sizeof text) == 0 ? Kinship{} : kinship_in(text);
}

bool is_active(char state) { return state == 'R' || state == 'D'; }

// The process's state is that of its first thread; the others may run while it waits for them.
bool has_active_thread(int processes, pid_t pid) {
  constexpr int kMostThreads = 256;
  char path[64];
  std::snprintf(path, sizeof path, "%d/task", static_cast<int>(pid));
  const int threads = ::openat(processes, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool any = false;
  int count = 0;
  sys::for_each_entry(threads, [&](const char* name) {
    const pid_t thread = std::atoi(name);
    if (!any && thread > 0 && count++ < kMostThreads) any = is_active(kinship_of(threads, thread).state);
  });
  ::close(threads);
  return any;
}

// Collects the pids first and then looks at each: a step that forks all the time makes new ones faster than they can
// be looked at, and a walk that follows it would not end.
template <class Take>
void for_each_within(int processes, Bounds bounds, Take take) {
  static pid_t pids[65'536];
  size_t count = 0;
  sys::for_each_entry(processes, [&](const char* name) {
    if (const pid_t pid = std::atoi(name); pid > 0 && count < std::size(pids)) pids[count++] = pid;
  });
  const pid_t self = ::getpid();
  for (size_t i = 0; i < count; ++i) {
    if (bounds == Bounds::pid_namespace) {
      if (pids[i] != kInit) take(pids[i]);
      continue;
    }
    const Kinship kinship = kinship_of(processes, pids[i]);
    if (kinship.parent == self && kinship.state != 'Z') take(pids[i]);
  }
}

}  // namespace

pid_t parent_of(int processes, pid_t pid) { return kinship_of(processes, pid).parent; }

void kill_everybody(int processes, Bounds bounds) {
  if (bounds == Bounds::pid_namespace) ::kill(-1, SIGKILL);
  else for_each_within(processes, bounds, [](pid_t pid) { ::kill(pid, SIGKILL); });
}

Activity activity_of(int processes, Bounds bounds) {
  const int64_t nanoseconds_per_tick = 1'000'000'000 / std::max(::sysconf(_SC_CLK_TCK), 1L);
  Activity activity;
  uint32_t count = 0;
  for_each_within(processes, bounds, [&](pid_t pid) {
    if (count++ >= kMaxStrays) return;
    const Kinship kinship = kinship_of(processes, pid);
    activity.processor_time += kinship.ticks * nanoseconds_per_tick;
    if (!activity.is_running)
      activity.is_running = is_active(kinship.state) || (kinship.threads > 1 && has_active_thread(processes, pid));
  });
  return activity;
}

uint32_t list_everybody(int processes, Bounds bounds, StrayRecord* strays) {
  uint32_t count = 0;
  for_each_within(processes, bounds, [&](pid_t pid) {
    if (count < kMaxStrays) {
      // A zombie: dead already, but not yet reaped.
      if (kinship_of(processes, pid).state == 'Z') return;
      StrayRecord& stray = strays[count];
      stray.pid = pid;
      // The kernel ends the name with a newline.
      char comm[sizeof stray.comm + 1];
      if (const size_t length = read_of(processes, pid, "comm", comm, sizeof comm); length > 0) comm[length - 1] = '\0';
      std::memcpy(stray.comm, comm, sizeof stray.comm);
    }
    ++count;
  });
  return count;
}

bool end_descendants(int processes) {
  constexpr int64_t kPatience = 10'000'000'000;
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 200'000};
  const int64_t end = monotonic_nanoseconds() + kPatience;
  for (;;) {
    // waitpid(2) knows of every child, even if this /proc does not show it.
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-1, nullptr, WNOHANG | __WALL)) > 0) {}
    if (reaped < 0 && errno == ECHILD) return true;
    if (monotonic_nanoseconds() >= end) return false;
    kill_everybody(processes, Bounds::descendants);
    ::nanosleep(&kMoment, nullptr);
  }
}

}  // namespace stepbox::sandbox
