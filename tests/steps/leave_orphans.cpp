// leave_orphans CODE: leaves a process of each kind behind and exits with the code.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace {

int g_ready[2];

[[noreturn]] void stay(const char* name) {
  ::prctl(PR_SET_NAME, name);
  (void)!::write(g_ready[1], "r", 1);
  for (;;) ::pause();
}

template <class Behave>
void leave(Behave behave) {
  if (::fork() == 0) behave();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || ::pipe(g_ready) != 0) return 2;
  leave([] { stay("stray-plain"); });
  leave([] {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    for (const int fd : {0, 1, 2}) ::close(fd);
    stay("stray-daemon");
  });
  leave([] {
    for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_IGN);
    stay("stray-deaf");
  });
  leave([] {
    ::setpgid(0, 0);
    ::prctl(PR_SET_NAME, "stray-stopped");
    (void)!::write(g_ready[1], "r", 1);
    for (;;) std::raise(SIGSTOP);
  });
  leave([] {
    // Its own child is dead and never reaped.
    if (::fork() == 0) ::_exit(0);
    stay("stray-zombies");
  });
  char bytes[8];
  for (ssize_t ready = 0; ready < 5;) {
    const ssize_t got = ::read(g_ready[0], bytes, sizeof bytes);
    if (got <= 0) return 3;
    ready += got;
  }
  return std::atoi(argv[1]);
}
