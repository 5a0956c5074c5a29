// read_password: asks at /dev/tty with echo off, as ssh and sudo do.
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>

int main() {
  const int tty = ::open("/dev/tty", O_RDWR);
  termios before{};
  if (tty < 0 || ::tcgetattr(tty, &before) != 0) {
    std::perror("read_password");
    return 2;
  }
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (::tcsetattr(tty, TCSAFLUSH, &silent) != 0) return 3;
  ::dprintf(tty, "Password: ");
  char line[256];
  const ssize_t length = ::read(tty, line, sizeof line - 1);
  ::tcsetattr(tty, TCSAFLUSH, &before);
  if (length <= 0) return 4;
  line[length - 1] = '\0';
  ::dprintf(tty, "\nlength %zd\n", length - 1);
  return line[0] == 's' ? 0 : 5;
}
