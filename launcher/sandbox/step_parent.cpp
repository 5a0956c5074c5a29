#include "sandbox/step_parent.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sandbox/processes.hpp"
#include "sys/calls.hpp"
#include "sys/descriptors.hpp"

namespace stepbox::sandbox {
using sys::error_of;

void StepParent::require(Stage stage, int error, int index) const {
  if (error == 0) return;
  const bool sent = send_message(channel_, {.kind = Kind::failed, .stage = stage, .index = index, .error = error});
  ::_exit(sent ? 0 : errno);
}

void StepParent::require_step(int error) const {
  if (error == EPIPE) ::_exit(0);
  require(Stage::step_clone, error);
}

// Writes 0 to "tasks": a process that moves only itself, and only one thread, does not wait until every other process
// of the host passes a safe point, which takes 15 ms (kernel: cgroup_procs_write_start()).
void StepParent::enter_groups() const {
  for (const int tasks : prepared_.groups.tasks) require(Stage::groups, ::write(tasks, "0", 1) == 1 ? 0 : errno);
}

void StepParent::clone_step(uint64_t namespaces) {
  require(Stage::step_clone, error_of(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go_)));
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.flags = CLONE_PIDFD | namespaces;
  arguments.pidfd = reinterpret_cast<uint64_t>(&step_handle_);
  step_ = namespaces == 0 ? sys::clone_plain(arguments) : sys::clone3(arguments);
  if (step_ == 0) {
    ::close(go_[1]);
    be_step(prepared_, channel_, terminal_, go_[0]);
  }
  require(Stage::step_clone, error_of(step_));
  ::close(go_[0]);
}

void StepParent::release_step() const {
  const char byte = 'g';
  require_step(::write(go_[1], &byte, 1) == 1 ? 0 : errno);
}

// The step lowers limits through the host's /proc, so that must still exist: the box's own may be sealed.
void StepParent::await_step() const {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(go_[1], &byte, 1);
  } while (got < 0 && errno == EINTR);
  require_step(got == 1 ? 0 : EPIPE);
}

void StepParent::show_root_to_step(int root) const {
  char byte = 'r';
  iovec part{&byte, 1};
  require_step(send_with_descriptors(go_[1], part, &root, 1));
}

void StepParent::drop_descriptors(int processes, int other) const {
  int kept[] = {channel_, terminal_, go_[1], step_handle_, processes, other};
  require(Stage::init_privileges, sys::close_all_but(kept));
}

}  // namespace stepbox::sandbox
