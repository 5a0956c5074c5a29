// make_tasks processes|threads COUNT: makes that many, which wait for ever; "made N". Exits with 7 when one is
// refused.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

void* wait_for_ever(void*) {
  for (;;) ::pause();
}

bool make_one(bool thread) {
  if (!thread) {
    const pid_t pid = ::fork();
    if (pid == 0) wait_for_ever(nullptr);
    return pid > 0;
  }
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 65536);
  pthread_t made{};
  return ::pthread_create(&made, &attributes, wait_for_ever, nullptr) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const bool thread = std::strcmp(argv[1], "threads") == 0;
  long made = 0;
  while (made < std::atol(argv[2]) && make_one(thread)) ++made;
  std::printf("made %ld\n", made);
  std::fflush(stdout);
  ::_exit(made < std::atol(argv[2]) ? 7 : 0);
}
