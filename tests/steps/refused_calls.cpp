// refused_calls THREADS COUNT: as many threads make keyctl(2) so often with an operation that there is not, all at once.
// "KERNEL" when every call was answered by the kernel itself, "FILTER" otherwise.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const long count = std::atol(argv[2]);
  std::atomic<long> answered_by_kernel = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[1]); ++i)
    threads.emplace_back([&] {
      for (long n = 0; n < count; ++n)
        if (::syscall(SYS_keyctl, 99) < 0 && errno == EOPNOTSUPP) ++answered_by_kernel;
    });
  for (std::thread& thread : threads) thread.join();
  std::puts(answered_by_kernel == count * static_cast<long>(threads.size()) ? "KERNEL" : "FILTER");
  return 0;
}
