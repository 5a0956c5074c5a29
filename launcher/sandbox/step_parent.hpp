// The process that starts the step: init of a box, or where there is none a subreaper. What the two have in common.
// Used after clone: nothing here allocates.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sandbox/channel.hpp"
#include "sandbox/prepared.hpp"

namespace stepbox::sandbox {

class StepParent {
 protected:
  StepParent(const Prepared& prepared, int channel, int terminal)
      : prepared_(prepared), channel_(channel), terminal_(terminal) {}

  // Unless the error is 0: tells the supervisor, and ends this process: with the errno, where it cannot be told.
  void require(Stage stage, int error, int index = 0) const;
  // A step that is gone has failed, and has told so itself, or was killed: then the end of the channel tells it.
  void require_step(int error) const;

  void enter_groups() const;
  void clone_step(uint64_t namespaces);
  // The byte that the step waits for.
  void release_step() const;
  // Waits for the step's byte.
  void await_step() const;
  // The step makes the directories of its caches below it.
  void show_root_to_step(int root) const;
  // Closes all but these two (-1: none), the channel, the terminal and what belongs to the step.
  void drop_descriptors(int processes, int other) const;

  const Prepared& prepared_;
  const int channel_;
  const int terminal_;
  pid_t step_ = -1;
  int go_[2] = {-1, -1};
  int step_handle_ = -1;  // a pidfd
};

}  // namespace stepbox::sandbox
