// write_everywhere NAME, write_everywhere --look NAME: a tool that ignores every variable. It uses the home in the user
// database, and hard-coded places. For each place "PATH OK" or "PATH ERRNO".
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::string home_of_user_database() {
  FILE* file = std::fopen("/etc/passwd", "re");
  if (file == nullptr) return {};
  std::string home;
  while (const passwd* entry = ::fgetpwent(file))
    if (entry->pw_uid == ::getuid() && home.empty()) home = entry->pw_dir;
  std::fclose(file);
  return home;
}

void make_parents(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    ::mkdir(path.substr(0, slash).c_str(), 0755);
}

}  // namespace

int main(int argc, char** argv) {
  const bool look = argc == 3 && std::string_view(argv[1]) == "--look";
  if (argc != 2 && !look) return 2;
  const std::string name = argv[argc - 1];
  std::vector<std::string> places = {"/tmp/" + name, "/var/tmp/" + name, "/dev/shm/" + name,
                                     "/run/user/" + std::to_string(::getuid()) + "/" + name};
  if (const std::string home = home_of_user_database(); !home.empty()) places.push_back(home + "/.cache/tool/" + name);
  for (const std::string& place : places) {
    if (!look) make_parents(place);
    const int fd = look ? ::open(place.c_str(), O_RDONLY) : ::open(place.c_str(), O_WRONLY | O_CREAT, 0644);
    const bool done = fd >= 0 && (look || ::write(fd, "cache", 5) == 5);
    std::printf("%s %s\n", place.c_str(), done ? "OK" : strerrorname_np(errno));
  }
  return 0;
}
