// open_unlinked DIRECTORY: fills open files that no longer have a name; "wrote N", "refused ERRNO".
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  static char block[4096];
  long long wrote = 0;
  for (int file = 0; file < 64; ++file) {
    const std::string name = std::string(argv[1]) + "/unlinked" + std::to_string(file);
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0) break;
    ::unlink(name.c_str());
    for (int i = 0; i < 64; ++i) {
      const ssize_t got = ::write(fd, block, sizeof block);
      if (got < 0) {
        std::printf("wrote %lld\nrefused %s\n", wrote, strerrorname_np(errno));
        return 7;
      }
      wrote += got;
    }
  }
  std::printf("wrote %lld\n", wrote);
  return 0;
}
