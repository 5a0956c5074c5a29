// A directory beside the destination in which a set of outputs is made complete before it becomes visible.
//
// Its name is .stepbox-outputs-HEX, its owner alone can enter it, and stepbox holds a lock on it (flock(2)). An unlocked
// one belongs to a run that was killed: the next run with the same destination finishes or removes it.
//
//   new/       the tree as it will be, by the names that it will have
//   gone-N     entries that the destination had, where they could not be exchanged with new ones
//   journal    what is to be renamed (outputs/journal.hpp), once all of the above is on the disk
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "sys/fd.hpp"

namespace stepbox::outputs {

// Whether a name looks like that of a staging directory.
bool is_name_of_staging(std::string_view name);

class Staging {
 public:
  // `place` is a directory, open or O_PATH; `where` is its path, for messages.
  static Result<Staging> create(int place, const std::string& where);
  // Those in `place` that no living run holds, locked. Only the caller's own.
  static std::vector<Staging> abandoned(int place);

  Staging(Staging&&) noexcept = default;
  Staging& operator=(Staging&&) = delete;
  // Removes what is left of it, without telling of failures.
  ~Staging();

  int fd() const { return directory_.get(); }  // borrowed

  // Removes it with everything in it. Returns 0 or an errno.
  int remove();

 private:
  explicit Staging(sys::Fd directory) : directory_(std::move(directory)) {}

  sys::Fd directory_;
};

}  // namespace stepbox::outputs
