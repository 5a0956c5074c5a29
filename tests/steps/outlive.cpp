// outlive N: leaves N families behind, each of which ends and is born again without a pause, so that there is always
// another orphan to be reaped. The step itself ends at once.
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
      // Where no more processes can be had the family waits for its turn.
      if (next < 0) ::usleep(1000);
    }
  }
  return 0;
}
