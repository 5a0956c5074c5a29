#include "sys/pending_signals.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace stepbox::sys {

SignalSet pending_signals(int processes, pid_t pid) {
  constexpr char kKey[] = "\nShdPnd:";
  char text[4096];
  std::snprintf(text, sizeof text, "%s%d/status", processes == AT_FDCWD ? "/proc/" : "", static_cast<int>(pid));
  const int file = ::openat(processes, text, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t length = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (length <= 0) return 0;
  text[length] = '\0';
  const char* found = std::strstr(text, kKey);
  return found == nullptr ? 0 : std::strtoull(found + sizeof kKey - 1, nullptr, 16);
}

}  // namespace stepbox::sys
