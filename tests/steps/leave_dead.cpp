// leave_dead COUNT: exits with that many dead children that it has not reaped.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (int i = 0; i < std::atoi(argv[1]); ++i) {
    const pid_t child = ::fork();
    if (child < 0) return 3;
    if (child == 0) ::_exit(0);
    siginfo_t dead{};
    if (::waitid(P_PID, static_cast<id_t>(child), &dead, WEXITED | WNOWAIT) != 0) return 4;
  }
  return 0;
}
