// make_files DIRECTORY COUNT files|links|symlinks|directories: makes them until refused; "made N", "refused ERRNO".
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

int make(const std::string& kind, const std::string& directory, const std::string& name) {
  if (kind == "links") return ::link((directory + "/0").c_str(), name.c_str());
  if (kind == "symlinks") return ::symlink("nowhere", name.c_str());
  if (kind == "directories") return ::mkdir(name.c_str(), 0755);
  const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  return fd < 0 ? -1 : ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string directory = argv[1];
  const long count = std::atol(argv[2]);
  for (long made = 0; made < count; ++made) {
    const std::string kind = made == 0 && std::strcmp(argv[3], "links") == 0 ? "files" : argv[3];
    if (make(kind, directory, directory + "/" + std::to_string(made)) == 0) continue;
    std::printf("made %ld\nrefused %s\n", made, strerrorname_np(errno));
    return 7;
  }
  std::printf("made %ld\n", count);
  return 0;
}
