// try_escapes KIND [PATH...]: "WHAT OK" or "WHAT ERRNO" for each attempt.
//   write PATH...    opens for writing, and for a directory makes a file in it
//   unmount PATH...  takes mounts off
//   remount PATH...  makes a tmpfs larger and writable
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace {

const char* word(bool succeeded) {
  return succeeded ? "OK" : strerrorname_np(errno);
}

bool can_write(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return ::open(path.c_str(), O_WRONLY) >= 0;
  const std::string made = path + "/stepbox-escape";
  const int fd = ::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return false;
  ::unlink(made.c_str());
  return true;
}

void remount(const char* path) {
  std::printf("%s size %s\n", path,
              word(::mount(nullptr, path, nullptr, MS_REMOUNT | MS_NOSUID | MS_NODEV, "size=1g") == 0));
  std::printf("%s writable %s\n", path, word(::mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string_view kind = argv[1];
  for (int i = 2; i < argc; ++i) {
    if (kind == "write")
      std::printf("%s %s\n", argv[i], word(can_write(argv[i])));
    else if (kind == "unmount")
      std::printf("%s %s\n", argv[i], word(::umount2(argv[i], MNT_DETACH) == 0));
    else if (kind == "remount")
      remount(argv[i]);
    else
      return 2;
  }
  return 0;
}
