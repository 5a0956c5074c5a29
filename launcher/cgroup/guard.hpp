// The guard: a process that removes a box's groups should the supervisor be killed.
//
// A control group's directory is the one thing of a box that the kernel does not take away by itself. The guard is
// started before the first is made, holds nothing but one end of a pipe, and is in a process group of its own, so that
// what ends the supervisor (a SIGKILL to its group, too) does not end it as well. Were both killed in one instant, an
// empty directory is left that nobody has locked, and the next run sweeps it.
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
  std::string take_back = {};  // "-memory -pids": what our coming made the parent hand down; empty for nothing
};

// Undoes what was done to the parent: controllers that nobody else uses, and the leaf that stepbox moved itself to.
// The caller of this leaves the leaf; nobody else may be in it.
void give_back(const GroupPaths& paths);

class Guard {
 public:
  // Whether or not the directories come to be; all signals are blocked.
  static Result<Guard> start(std::vector<GroupPaths> paths);

  Guard() = default;
  Guard(Guard&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pipe_(std::move(other.pipe_)) {}
  Guard& operator=(Guard&& other) noexcept;
  // Lets it do its work, and waits for it.
  ~Guard();

  pid_t pid() const { return pid_; }
  // The groups are gone: it is not needed any more.
  void dismiss();

 private:
  Guard(pid_t pid, sys::Fd pipe) : pid_(pid), pipe_(std::move(pipe)) {}

  pid_t pid_ = -1;
  sys::Fd pipe_;
};

}  // namespace stepbox::cgroup
