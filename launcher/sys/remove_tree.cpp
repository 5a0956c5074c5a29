#include "sys/remove_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>

#include "sys/directory_entries.hpp"
#include "sys/fd.hpp"

namespace stepbox::sys {
namespace {

// Opens a directory whose owner may have taken his own rights away; nothing where another file system is mounted. Not
// by openat2(2), which containers' filters may hide.
Fd open_directory(int above, const char* name) {
  constexpr int kFlags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const Fd place(::openat(above, name, kFlags | O_PATH));
  struct stat here {};
  struct stat there {};
  if (!place || ::fstat(above, &here) != 0 || ::fstat(place.get(), &there) != 0 || here.st_dev != there.st_dev) return {};
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", place.get());
  // What cannot be changed may be readable all the same.
  (void)::chmod(path, 0700);
  return Fd(::openat(above, name, kFlags | O_RDONLY));
}

// Takes apart what lies below `top`. A directory in a directory is moved up to the top, so that nothing is ever deep.
class Remover {
 public:
  explicit Remover(int top) : top_(top) {}

  int empty() {
    // What was moved up, or was not listed while others went, comes in the next round.
    do {
      made_progress_ = false;
      error_ = 0;
      for_each_entry(top_, [this](const char* name) { remove(name); });
    } while (made_progress_);
    return error_;
  }

 private:
  static bool take_away(int directory, const char* name) {
    return ::unlinkat(directory, name, 0) == 0 || ::unlinkat(directory, name, AT_REMOVEDIR) == 0;
  }

  void remove(const char* name) {
    if (!take_away(top_, name)) {
      const Fd directory = open_directory(top_, name);
      if (directory) for_each_entry(directory.get(), [&](const char* below) { remove_below(directory.get(), below); });
      if (::unlinkat(top_, name, AT_REMOVEDIR) != 0) {
        error_ = errno;
        return;
      }
    }
    made_progress_ = true;
  }

  void remove_below(int directory, const char* name) {
    if (take_away(directory, name) || move_up(directory, name)) made_progress_ = true;
  }

  bool move_up(int directory, const char* name) {
    // A directory that moves gets another "..", for which it must be writable (rename(2)).
    if (!open_directory(directory, name)) return false;
    char fresh[32];
    for (int tries = 0; tries < 100; ++tries) {
      std::snprintf(fresh, sizeof fresh, ".removed-%lu", ++serial_);
      if (::renameat(directory, name, top_, fresh) == 0) return true;
      if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) return false;
    }
    return false;
  }

  const int top_;
  unsigned long serial_ = 0;
  int error_ = 0;
  bool made_progress_ = false;
};

}  // namespace

int remove_tree(int directory) {
  (void)::fchmod(directory, 0700);
  if (const int error = Remover(directory).empty(); error != 0) return error;
  char link[64];
  char path[PATH_MAX + 1] = {};
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
  if (::readlink(link, path, sizeof path - 1) < 0) return errno;
  // Removed already, it has another name there.
  return ::rmdir(path) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace stepbox::sys
