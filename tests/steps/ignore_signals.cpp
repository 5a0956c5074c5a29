// ignore_signals MILLISECONDS: ignores signals that long, then exits with 0.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_IGN);
  (void)!::write(1, "ready\n", 6);
  const long milliseconds = std::atol(argv[1]);
  timespec left{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  while (::nanosleep(&left, &left) != 0) {
  }
  return 0;
}
