// The common part of the processes that start a step: init of a box, or a subreaper without one. For use after clone:
// nothing here allocates.
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

  // If the error is not 0, reports it to the supervisor and exits; if it cannot report, exits with the errno.
  void require(Stage stage, int error, int index = 0) const;
  // Likewise, but a step that is gone has reported its own failure or was killed: then the end of the channel says so.
  void require_step(int error) const;

  void enter_groups() const;
  void clone_step(uint64_t namespaces);
  // Sends the byte that the step waits for.
  void release_step() const;
  // Waits for the step's byte.
  void await_step() const;
  // Hands the step the root below which it makes its cache directories.
  void show_root_to_step(int root) const;
  // Closes everything except these two (-1: none), the channel, the terminal and the step's descriptors.
  void drop_descriptors(int processes, int other) const;

  const Prepared& prepared_;
  const int channel_;
  const int terminal_;
  pid_t step_ = -1;
  int go_[2] = {-1, -1};
  int step_handle_ = -1;  // a pidfd
};

}  // namespace stepbox::sandbox
