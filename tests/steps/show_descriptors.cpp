// show_descriptors: "N TARGET" for each open descriptor.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

int main() {
  std::vector<std::string> lines;
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) continue;
    char target[4096] = "?";
    const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target - 1);
    if (length > 0) target[length] = '\0';
    lines.push_back(std::to_string(fd) + " " + target);
  }
  for (const std::string& line : lines) std::puts(line.c_str());
  return 0;
}
