#include "sys/open_no_links.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "sys/fd.hpp"

namespace stepbox::sys {
namespace {

constexpr int kPlace = O_PATH | O_NOFOLLOW | O_CLOEXEC;

// O_PATH with O_NOFOLLOW opens a link itself (open(2)).
Fd unless_link(Fd place) {
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0) return {};
  if (!S_ISLNK(status.st_mode)) return place;
  place = Fd();
  errno = ELOOP;
  return {};
}

}  // namespace

int walk_no_links(int directory, const char* path) {
  if (*path == 0) {
    errno = ENOENT;
    return -1;
  }
  Fd at = unless_link(Fd(::openat(directory, *path == '/' ? "/" : ".", kPlace)));
  while (at) {
    path += std::strspn(path, "/");
    const size_t length = std::strcspn(path, "/");
    if (length == 0) break;
    char name[NAME_MAX + 1] = {};
    if (length > NAME_MAX) {
      errno = ENAMETOOLONG;
      return -1;
    }
    std::memcpy(name, path, length);
    path += length;
    at = unless_link(Fd(::openat(at.get(), name, kPlace)));
  }
  return at ? at.release() : -1;
}

int open_no_links(int directory, const char* path) {
  const open_how how{.flags = O_PATH | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  const auto fd = static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
  return walk_no_links(directory, path);
}

}  // namespace stepbox::sys
