// nest_directories DEPTH: makes directories one inside the other, from the working directory on, with names so long
// that only a few fit into a path.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string name(200, 'n');
  for (int left = std::atoi(argv[1]); left > 0; --left) {
    if (::mkdir(name.c_str(), 0755) != 0 || ::chdir(name.c_str()) != 0) {
      std::perror("nest_directories");
      return 1;
    }
  }
  std::puts("nested");
  return 0;
}
