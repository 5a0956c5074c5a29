// The workspace of a step without a box: a directory of the host that only the caller can enter.
//
// It is called stepbox-box-HEX, and is locked (flock(2)) as long as somebody looks after it: who finds one that is not
// may remove it. No kernel does, when all who look after it are killed at once.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/swept.hpp"
#include "sys/fd.hpp"

namespace stepbox::workspace {

// Where such directories are made: what TMPDIR says, or /tmp. Short, since the paths of sockets lie below it; without
// a colon, since it comes into PATH.
std::string place_for_private_directories(const std::string& tmpdir);

// What `explain` shows in the place of a name that nobody knows yet.
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

  // 0, or the errno of what could not be removed.
  int remove();

 private:
  PrivateDirectory(std::string path, sys::Fd directory) : path_(std::move(path)), directory_(std::move(directory)) {}

  std::string path_;
  sys::Fd directory_;
};

// Removes those in `place` that nobody looks after. Of the caller's own only, whoever the caller is.
std::vector<Swept> sweep_private_directories(const std::string& place);

}  // namespace stepbox::workspace
