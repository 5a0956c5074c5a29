// The guard: a process that removes a box's groups if the supervisor is killed.
//
// A control group's directory is the one part of a box that the kernel does not remove by itself. The guard starts
// before the first directory is made and holds nothing but one end of a pipe. It has a process group of its own, so
// that a SIGKILL to the supervisor, or to its group, does not end it as well. If both are killed at once, an empty,
// unlocked directory remains, and the next run sweeps it.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sys/fd.hpp"

namespace stepbox::cgroup {

struct GroupPaths {
  std::string parent;     // the caller's own group
  std::string directory;  // ours, below it
  bool unified = false;
  std::string take_back = {};  // "-memory -pids": what the parent hands down because of us; empty for nothing
};

// Undoes our changes to the parent: takes back controllers that no other group uses, and removes the leaf that stepbox
// moved itself to. The calling process leaves the leaf; no other process may be in it.
void give_back(const GroupPaths& paths);

class Guard {
 public:
  // The directories need not exist, then or later. All signals must be blocked.
  static Result<Guard> start(std::vector<GroupPaths> paths);

  Guard() = default;
  Guard(Guard&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pipe_(std::move(other.pipe_)) {}
  Guard& operator=(Guard&& other) noexcept;
  // Lets the guard do its work, and waits for its end.
  ~Guard();

  pid_t pid() const { return pid_; }
  // The groups are gone: ends the guard, which has nothing left to do.
  void dismiss();

 private:
  Guard(pid_t pid, sys::Fd pipe) : pid_(pid), pipe_(std::move(pipe)) {}

  pid_t pid_ = -1;
  sys::Fd pipe_;
};

}  // namespace stepbox::cgroup
