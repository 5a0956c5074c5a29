// Whether anybody writes to a file, pipe or terminal, without being in its way: nothing is read or copied, and
// the writers are not woken or slowed but for one event between two looks.
//
// The kernel tells (inotify(7)) of write(2), sendfile(2) and, since 6.4, splice(2), by whatever process and through
// whatever descriptor of the same file. Of regular files, size and time of change are looked at besides. Not seen:
// send(2) to a socket, and stores to a file that is mapped into memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "sys/fd.hpp"

namespace stepbox::sys {

class WriteWatch {
 public:
  // Watches the files that these descriptors are open on, which must stay open. What is written to /dev/null goes
  // nowhere, and is not seen. Error: one of them cannot be watched, or all are /dev/null.
  static Result<WriteWatch> open(const std::vector<int>& descriptors);

  // Whether something was written since the last look. The answer may come late, never early: a write during the
  // look is told by this one or the next.
  bool look();

  // Why one of them cannot be watched any longer: since then every look tells of a write, so that nobody is accused of
  // silence. The kernel may have no watch left when one is asked for again (max_user_watches in inotify(7)).
  const std::optional<Error>& problem() const { return problem_; }

 private:
  struct Watched {
    int fd;
    bool is_regular;
    int64_t size = -1;
    timespec changed{};
  };
  bool arm(const Watched& watched) const;

  Fd events_;
  std::vector<Watched> watched_;
  std::optional<Error> problem_;
};

}  // namespace stepbox::sys
