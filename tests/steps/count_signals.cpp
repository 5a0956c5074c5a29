// count_signals QUIET_MS [CODE [COUNT]]: says "ready", writes "got N" for every signal; exits with CODE (3) once COUNT
// (1) signals have arrived and QUIET_MS have passed without another.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  sigset_t all;
  sigfillset(&all);
  sigdelset(&all, SIGTSTP);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  const int signals = ::signalfd(-1, &all, SFD_CLOEXEC);
  (void)!::write(1, "ready\n", 6);
  pollfd watched{signals, POLLIN, 0};
  int expected = argc > 3 ? std::atoi(argv[3]) : 1;
  while (::poll(&watched, 1, expected > 0 ? 20'000 : std::atoi(argv[1])) > 0) {
    --expected;
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 4;
    std::printf("got %u\n", info.ssi_signo);
    std::fflush(stdout);
  }
  return argc > 2 ? std::atoi(argv[2]) : 3;
}
