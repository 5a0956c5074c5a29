// A place in a directory tree that follows a walk through another tree, one level down or up at a time: by descriptor,
// never through a symbolic link, never onto another mount, and with one directory open, however deep the tree is.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sys/fd.hpp"
#include "sys/file_id.hpp"

namespace stepbox::sys {

class Descent {
 public:
  // At `root`, a directory (O_PATH will do).
  explicit Descent(int root);

  // Goes down to the directory `name`. Where there is none the place is absent, and so is every place below it.
  void enter(const char* name);
  // Goes back up, once for each enter().
  void leave();

  // An O_PATH descriptor of the directory, borrowed until the next move; -1 where it is absent or unknown.
  int directory() const { return missing_ == 0 && problem_ == 0 ? at_.get() : -1; }

  // Why it is unknown whether the tree has this directory: it cannot be entered (EACCES, ...), is a mount point (EXDEV),
  // or was moved away meanwhile, with no way back (ESTALE). 0 if it is known.
  int problem() const { return problem_; }

  // The status of an entry, as by lstat(2). Returns 0, ENOENT where nothing has the name, or why it is unknown.
  int look_at(const char* name, struct stat& status) const;

 private:
  struct Level {
    FileId id;
    uint64_t mount;
  };
  static int identify(int directory, Level& level);

  Fd at_;
  std::vector<Level> levels_;
  size_t missing_ = 0;  // levels below the deepest directory that is there
  int problem_ = 0;
  bool is_lost_ = false;
};

}  // namespace stepbox::sys
