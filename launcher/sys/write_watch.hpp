// Notices writes to a file, pipe or terminal without getting in their way: it reads and copies nothing, and costs the
// writers one event between two looks.
//
// The kernel reports (inotify(7)) write(2), sendfile(2) and, since 6.4, splice(2), by any process and through any
// descriptor of the same file. For regular files each look also compares size and modification time. Not seen: send(2)
// to a socket, and stores to a file that is mapped into memory.
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
  // Watches the files that these descriptors are open on; they must stay open. Writes to /dev/null go nowhere, and are
  // not seen. Error: one of the files cannot be watched, or all are /dev/null.
  static Result<WriteWatch> open(const std::vector<int>& descriptors);

  // Whether there was a write since the last look. The answer may come late, never early: a write during the look shows
  // in this one or the next.
  bool look();

  // Why a file can no longer be watched: from then on every look reports a write, so that no step is wrongly accused of
  // silence. The kernel may have no watch left when one is renewed (max_user_watches in inotify(7)).
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
