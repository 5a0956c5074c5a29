// count_signals QUIET_MS [CODE]: says "ready", writes "got N" for every signal; ends with CODE (3) when after the
// first one nothing has come for QUIET_MS.
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
  for (int patience = 20'000; ::poll(&watched, 1, patience) > 0; patience = std::atoi(argv[1])) {
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 4;
    std::printf("got %u\n", info.ssi_signo);
    std::fflush(stdout);
  }
  return argc > 2 ? std::atoi(argv[2]) : 3;
}
