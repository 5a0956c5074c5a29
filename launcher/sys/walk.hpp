// A walk through a tree of directories that may be hostile: by descriptor, never through a symbolic link, never into what
// is mounted in the tree, and with one directory open at a time, however deep the tree is.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace stepbox::sys {

// A directory that the walk is in. The descriptor is open for reading until the call returns.
struct WalkedDirectory {
  int descriptor;
  std::string_view path;  // begins with what the caller calls the root: "/box/cache/go-build"
  size_t depth;           // 0 for the root
};

enum class Descend : uint8_t { no, yes };

// What is done with what the walk finds. Of a directory, first all entries that are no directories are visited, in the
// order in which the kernel lists them, and then its subdirectories, one after the other. Names hold any byte but '/'
// and NUL. What is made or removed meanwhile may be left out.
class Visitor {
 public:
  virtual ~Visitor() = default;

  // The walk has entered a directory. For each such call there is one of leave(), also when the walk ends early.
  virtual Descend enter(const WalkedDirectory& directory) = 0;
  virtual void leave() {}

  // An entry that is no directory, with its status: a file, a symbolic link, a socket, ...
  virtual void visit(const WalkedDirectory& in, const char* name, const struct stat& status) = 0;

  // An entry that is left out: it cannot be examined, listed or entered (EACCES, ...), something is mounted there (EXDEV),
  // it lies too deep (ENAMETOOLONG), or it is no longer the directory that was listed (ENOTDIR, ESTALE).
  virtual void pass_over(const WalkedDirectory& in, const char* name, int error) {
    (void)in, (void)name, (void)error;
  }
};

struct WalkBounds {
  size_t depth = std::numeric_limits<size_t>::max();  // of the deepest directory that is entered
};

// Walks the tree below `root`, a directory (O_PATH will do), which paths call `path`. 0 when all of it was walked, but for
// what was passed over; or an errno: the root cannot be read, or a directory was moved away with the walk in it and
// there is no way back (ESTALE).
int walk(int root, std::string path, Visitor& visitor, WalkBounds bounds = {});

}  // namespace stepbox::sys
