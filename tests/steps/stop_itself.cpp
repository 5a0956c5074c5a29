// stop_itself SIGNAL CODE: stops itself by that signal; exits with the code once it is continued.
#include <unistd.h>

#include <csignal>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  (void)!::write(1, "stopping\n", 9);
  std::raise(std::atoi(argv[1]));
  (void)!::write(1, "continued\n", 10);
  return std::atoi(argv[2]);
}
