// map_beyond_quota FILE BYTES: makes a sparse file that large, maps it and touches every page.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto bytes = static_cast<size_t>(std::atoll(argv[2]));
  const int fd = ::open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    std::printf("refused %s\n", strerrorname_np(errno));
    return 8;
  }
  auto* memory = static_cast<volatile char*>(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  if (memory == MAP_FAILED) return 9;
  std::printf("mapped %zu\n", bytes);
  std::fflush(stdout);
  for (size_t at = 0; at < bytes; at += 4096) memory[at] = 'x';
  std::printf("touched all\n");
  return 0;
}
