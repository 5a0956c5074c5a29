// The workspace of a step without a box: a directory of the host that only the caller can enter.
//
// Its name is stepbox-box-HEX, and the processes that look after it hold a lock on it (flock(2)). Whoever finds an
// unlocked one may remove it: if all of those processes are killed at once, the kernel does not.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/swept.hpp"
#include "sys/fd.hpp"

namespace stepbox::workspace {

// Where such directories are made: TMPDIR, or /tmp. Short, since the paths of sockets lie below it; without a colon,
// since it becomes part of PATH.
std::string place_for_private_directories(const std::string& tmpdir);

// What `explain` shows for a name that is not chosen yet.
std::string example_of_private_directory(const std::string& place);

class PrivateDirectory {
 public:
  // Makes and locks a new one.
  static Result<PrivateDirectory> create(const std::string& place);

  PrivateDirectory() = default;
  PrivateDirectory(PrivateDirectory&& other) noexcept;
  PrivateDirectory& operator=(PrivateDirectory&& other) noexcept;
  // Where the result matters, call remove().
  ~PrivateDirectory();

  // Empty when there is none.
  const std::string& path() const { return path_; }
  // Borrowed; -1 when there is none.
  int fd() const { return directory_.get(); }

  // Returns 0, or the errno of an entry that could not be removed.
  int remove();

 private:
  PrivateDirectory(std::string path, sys::Fd directory) : path_(std::move(path)), directory_(std::move(directory)) {}

  std::string path_;
  sys::Fd directory_;
};

// Removes the unlocked ones in `place`. Only the caller's own, even for root.
std::vector<Swept> sweep_private_directories(const std::string& place);

}  // namespace stepbox::workspace
