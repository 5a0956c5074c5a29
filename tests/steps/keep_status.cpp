// keep_status: exits with 5 while a grandchild traces it, which withholds its status from its parent and does not exit
// itself (ptrace(2)). The grandchild is two sessions away, so that no signal to a group reaches it.
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main() {
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  const pid_t step = ::getpid();
  int ready[2];
  if (::pipe(ready) != 0) return 1;
  if (::fork() == 0) {
    ::setsid();
    if (::fork() == 0) {
      ::setsid();
      const char traced = ::ptrace(PTRACE_SEIZE, step, nullptr, nullptr) == 0 ? 'y' : 'n';
      if (::write(ready[1], &traced, 1) != 1) return 1;
    }
    for (;;) ::pause();
  }
  char traced = 'n';
  if (::read(ready[0], &traced, 1) != 1 || traced != 'y') return 1;
  return 5;
}
