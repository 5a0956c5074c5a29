// try_escapes KIND [PATH...]: "WHAT OK" or "WHAT ERRNO" for each attempt.
//   write PATH...    opens for writing; in a directory it makes a file
//   unmount PATH...  removes mounts
//   remount PATH...  makes a tmpfs larger and writable
//   empower PATH...  makes a file and gives it a capability
//   connect NAME...  connects to a socket in the abstract namespace, and to one of its own
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
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

// CAP_SETUID, permitted and effective, in the second revision's form (linux/capability.h).
bool empower(const char* path) {
  constexpr uint32_t kSetuid[5] = {0x02000001, 1u << 7, 0, 0, 0};
  const int fd = ::open(path, O_WRONLY | O_CREAT, 0755);
  return fd >= 0 && ::fsetxattr(fd, "security.capability", kSetuid, sizeof kSetuid, 0) == 0;
}

bool use_abstract(decltype(::connect)* call, int fd, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  return call(fd, reinterpret_cast<const sockaddr*>(&address),
              static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) == 0;
}

void connect(const std::string& name) {
  const auto open = [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); };
  std::printf("%s %s\n", name.c_str(), word(use_abstract(::connect, open(), name)));
  const std::string own = name + "-own";
  const int server = open();
  const bool listens = use_abstract(::bind, server, own) && ::listen(server, 1) == 0;
  std::printf("own %s\n", word(listens && use_abstract(::connect, open(), own)));
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
    else if (kind == "empower")
      std::printf("%s %s\n", argv[i], word(empower(argv[i])));
    else if (kind == "connect")
      connect(argv[i]);
    else
      return 2;
  }
  return 0;
}
