// inject_input: tries to put a character into the terminal's input; "plain ERRNO", "high ERRNO", or OK.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

void attempt(const char* name, int fd, unsigned long request) {
  const char character = 'X';
  const long got = ::syscall(SYS_ioctl, fd, request, &character);
  std::printf("%s %s\n", name, got == 0 ? "OK" : strerrorname_np(errno));
}

}  // namespace

int main() {
  const int tty = ::open("/dev/tty", O_RDWR);
  attempt("plain", 0, TIOCSTI);
  attempt("high", 0, TIOCSTI | 0xffff'ffff'0000'0000UL);
  attempt("tty", tty, TIOCSTI);
  attempt("linux", tty, TIOCLINUX);
  return 0;
}
