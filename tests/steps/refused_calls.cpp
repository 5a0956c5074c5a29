// refused_calls THREADS COUNT [MICROSECONDS]: that many threads each make COUNT keyctl(2) calls with an unknown
// operation, all at once, interrupted by a signal at that interval. "KERNEL" when the kernel itself answered every
// call, "FILTER" otherwise.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

// Called once the threads run: sends a signal to one of them.
void interrupt_every(suseconds_t microseconds) {
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  const itimerval interval{.it_interval = {0, microseconds}, .it_value = {0, microseconds}};
  ::setitimer(ITIMER_REAL, &interval, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const long count = std::atol(argv[2]);
  std::atomic<long> answered_by_kernel = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[1]); ++i)
    threads.emplace_back([&] {
      for (long n = 0; n < count; ++n)
        if (::syscall(SYS_keyctl, 99) < 0 && errno == EOPNOTSUPP) ++answered_by_kernel;
    });
  if (argc > 3) interrupt_every(std::atol(argv[3]));
  for (std::thread& thread : threads) thread.join();
  std::puts(answered_by_kernel == count * static_cast<long>(threads.size()) ? "KERNEL" : "FILTER");
  return 0;
}
