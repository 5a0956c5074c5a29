// fill_volume FILE [CHUNK [MICROSECONDS]]: writes until the file system refuses; "wrote N" and "refused ERRNO". With a
// time it deletes the file that much later. Exits with 7 after a refusal.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::vector<char> chunk(argc > 2 ? static_cast<size_t>(std::atol(argv[2])) : 65536, 'x');
  constexpr long long kEnough = 256LL << 20;
  const int fd = ::open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) {
    std::printf("refused %s\n", strerrorname_np(errno));
    return 8;
  }
  long long wrote = 0;
  while (wrote < kEnough) {
    const ssize_t got = ::write(fd, chunk.data(), chunk.size());
    if (got < 0) {
      const char* refused = strerrorname_np(errno);
      if (argc > 3) {
        ::usleep(static_cast<useconds_t>(std::atol(argv[3])));
        ::unlink(argv[1]);
      }
      std::printf("wrote %lld\nrefused %s\n", wrote, refused);
      return 7;
    }
    wrote += got;
  }
  std::printf("wrote %lld\n", wrote);
  return 0;
}
