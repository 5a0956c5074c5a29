// hold_memory FILE BYTES: keeps a file of that size, says "ready", and ignores every signal that can be ignored.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_IGN);
  const std::vector<char> chunk(1 << 20, 'x');
  const int fd = ::open(argv[1], O_WRONLY | O_CREAT, 0600);
  for (long long left = std::atoll(argv[2]); left > 0;) {
    const ssize_t got = ::write(fd, chunk.data(), chunk.size());
    if (got < 0) return 7;
    left -= got;
  }
  (void)!::write(1, "ready\n", 6);
  for (;;) ::pause();
}
