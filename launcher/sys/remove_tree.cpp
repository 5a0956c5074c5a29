#include "sys/remove_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>

#include "sys/directory_entries.hpp"
#include "sys/fd.hpp"

namespace stepbox::sys {
namespace {

// The id of the mount that a place is on, since another mount may be of the same file system. 0 where the kernel does
// not tell.
uint64_t mount_of(int place) {
  struct statx status {};
  return ::statx(place, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) == 0 ? status.stx_mnt_id : 0;
}

// The owner may have taken his own rights away.
void give_rights_back(int place) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", place);
  (void)::chmod(path, 0700);
}

// Opens a directory; nothing if another mount covers it. Does without openat2(2), which container filters may hide.
Fd open_directory(int above, const char* name) {
  constexpr int kFlags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const Fd place(::openat(above, name, kFlags | O_PATH));
  if (!place || mount_of(place.get()) != mount_of(above)) return {};
  give_rights_back(place.get());
  return Fd(::openat(above, name, kFlags | O_RDONLY));
}

// Empties `top`. Moves a directory within a directory up to `top`, so that the tree never gets deep.
class Remover {
 public:
  explicit Remover(int top) : top_(top) {}

  static constexpr int kMostRounds = 100'000;

  int empty() {
    // The next round takes entries that were moved up, or that the listing missed while others went.
    int rounds = 0;
    do {
      made_progress_ = false;
      error_ = 0;
      for_each_entry(top_, [this](const char* name) { remove(name); });
      // The bound lets a process that keeps making files win.
    } while (made_progress_ && ++rounds < kMostRounds);
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
    // A move changes the directory's "..", for which it must be writable (rename(2)).
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
  // A new descriptor has its own listing position: another process may share `directory` and list it, too.
  const Fd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (const int error = Remover(own ? own.get() : directory).empty(); error != 0) return error;
  char link[64];
  char path[PATH_MAX + 1] = {};
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
  if (::readlink(link, path, sizeof path - 1) < 0) return errno;
  // If it is already removed, the link shows a name that does not exist.
  return ::rmdir(path) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace stepbox::sys
