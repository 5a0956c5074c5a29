// outlive N: leaves N families behind. Each forks a successor and exits without a pause, so that there is always
// another orphan to reap. The step itself exits at once.
#include <unistd.h>

#include <cstdlib>

int main(int argc, char** argv) {
  const int families = argc > 1 ? std::atoi(argv[1]) : 1;
  for (int i = 0; i < families; ++i) {
    if (::fork() != 0) continue;
    ::setsid();
    ::close(1);
    ::close(2);
    for (;;) {
      const pid_t next = ::fork();
      if (next > 0) ::_exit(0);
      // If no more processes are allowed, the family waits for its turn.
      if (next < 0) ::usleep(1000);
    }
  }
  return 0;
}
