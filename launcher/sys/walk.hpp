// A walk through a directory tree that may be hostile: by descriptor, never through a symbolic link, into another
// file system only if asked to, and with one directory open at a time, however deep the tree is.
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
  std::string_view path;  // begins with the caller's name for the root: "/box/cache/go-build"
  size_t depth;           // 0 for the root
};

enum class Descend : uint8_t { no, yes };

// Receives what the walk finds. In each directory the walk first visits all entries that are no directories, in the
// kernel's order, and then enters the subdirectories one after the other. Names hold any byte but '/' and NUL. Entries
// made or removed meanwhile may be left out.
class Visitor {
 public:
  virtual ~Visitor() = default;

  // The walk has entered a directory. A call of leave() follows each call of enter(), even when the walk ends early.
  virtual Descend enter(const WalkedDirectory& directory) = 0;
  virtual void leave() {}

  // An entry that is no directory, with its status: a file, a symbolic link, a socket, ...
  virtual void visit(const WalkedDirectory& in, const char* name, const struct stat& status) = 0;

  // The walk leaves an entry out: it cannot be examined, listed or entered (EACCES, ...), is on another file system
  // (EXDEV), lies too deep (ENAMETOOLONG), or is no longer the directory that was listed (ENOTDIR, ESTALE).
  // The name is "." where the listing of the directory itself ended too early (EIO, ...).
  virtual void pass_over(const WalkedDirectory& in, const char* name, int error) {
    (void)in, (void)name, (void)error;
  }
};

// What to do with entries that are on another device than the root.
enum class OtherDevices : uint8_t {
  pass_over,
  visit_files,  // but enter no directory: the directories of an overlay have one device, its files those of their layers
  walk
};

struct WalkBounds {
  size_t depth = std::numeric_limits<size_t>::max();  // of the deepest directory that is entered
  OtherDevices other_devices = OtherDevices::pass_over;
};

// Walks the tree below `root`, a directory (O_PATH will do), which paths call `path`. Returns 0 if it walked all of the
// tree but the entries it passed over; or an errno: the root cannot be read, or a directory was moved away with the
// walk in it, and there is no way back (ESTALE).
int walk(int root, std::string path, Visitor& visitor, WalkBounds bounds = {});

}  // namespace stepbox::sys
