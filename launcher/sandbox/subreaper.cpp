#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include "sandbox/everybody.hpp"
#include "sandbox/processes.hpp"
#include "sandbox/serve.hpp"
#include "sandbox/step_parent.hpp"
#include "sys/calls.hpp"
#include "sys/descriptors.hpp"
#include "sys/remove_tree.hpp"

namespace stepbox::sandbox {
namespace {

using sys::error_of;

// Waits until the supervisor lets go (Box::release_keeper()) or is dead. Returns whether it is dead.
bool outlives(pid_t supervisor) {
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 1'000'000};
  sigset_t dismissal;
  sigemptyset(&dismissal);
  sigaddset(&dismissal, SIGCONT);
  while (::getppid() == supervisor) {
    // Others send SIGCONT too, for example a shell to the whole process group.
    siginfo_t sent{};
    if (::sigtimedwait(&dismissal, &sent, &kMoment) == SIGCONT && sent.si_pid == supervisor) return false;
  }
  return true;
}

// Exits with 1 if processes that the subreaper left behind remain. A subreaper that was killed has not removed the
// directory. Its killer may have killed the supervisor before, as the guard of the control groups does
// (cgroup/guard.hpp); a live supervisor still reads the directory.
[[noreturn]] void keep(pid_t subreaper, int processes, pid_t supervisor, int directory) {
  int status = 0;
  for (;;) {
    const pid_t changed = ::waitpid(subreaper, &status, WUNTRACED | __WALL);
    if (changed < 0 && errno == ECHILD) break;
    if (changed < 0) continue;
    if (!WIFSTOPPED(status)) break;
    // The step may have stopped the subreaper: both have the same user.
    ::kill(subreaper, SIGCONT);
  }
  const bool nobody_left = end_descendants(processes);
  const bool was_dismissed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!was_dismissed && outlives(supervisor)) sys::remove_tree(directory);
  ::_exit(nobody_left ? 0 : 1);
}

// A /proc of another pid namespace numbers every process differently.
bool shows_own_pids(int processes) {
  char text[32] = {};
  return ::readlinkat(processes, "self", text, sizeof text - 1) > 0 && std::atoi(text) == ::getpid();
}

// Takes init's place without a box. Every orphan of the step becomes its child (prctl(2)), so that it finds every
// process that the step has started. It is not tied to the supervisor: when the supervisor dies, the subreaper must
// still clean up, since no kernel does that here.
class Subreaper : StepParent {
 public:
  Subreaper(const Prepared& prepared, int channel, int terminal) : StepParent(prepared, channel, terminal) {}

  [[noreturn]] void run(pid_t supervisor);

 private:
  [[noreturn]] void look_after_step(int processes);
};

// Makes two processes: the subreaper, which starts the step, and around it the keeper, which handles the leftovers if
// the subreaper is killed. The supervisor could not be the keeper: it may have children of the caller's.
void Subreaper::run(pid_t supervisor) {
  require(Stage::init_privileges, error_of(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)));
  const int processes = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  require(Stage::init_privileges, error_of(processes));
  require(Stage::processes, shows_own_pids(processes) ? 0 : ENOENT);
  require(Stage::init_privileges, error_of(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)));
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  if (prepared_.groups.unified >= 0) {
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(prepared_.groups.unified);
  }
  const pid_t subreaper = sys::clone_plain(arguments);
  require(Stage::step_clone, error_of(subreaper));
  if (subreaper > 0) {
    int kept[] = {processes, prepared_.private_directory};
    if (const int error = sys::close_all_but(kept); error != 0) {
      // The keeper would hold its end of the channel open as long as it lives, and the supervisor would wait for a
      // dead subreaper.
      ::kill(subreaper, SIGKILL);
      end_descendants(processes);
      require(Stage::init_privileges, error);
    }
    keep(subreaper, processes, supervisor, prepared_.private_directory);
  }
  look_after_step(processes);
}

void Subreaper::look_after_step(int processes) {
  require(Stage::init_privileges, error_of(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)));
  enter_groups();
  clone_step(0);
  release_step();
  const int directory = prepared_.private_directory;
  show_root_to_step(directory);
  // Keeps the directory open, since its lock marks it as in use (workspace/private_directory.hpp).
  drop_descriptors(processes, directory);
  require(Stage::init_privileges, error_of(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
  require(Stage::init_privileges, error_of(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)));
  Server server({prepared_, channel_, terminal_, step_, step_handle_, processes, Bounds::descendants, directory});
  require(Stage::init_privileges, server.open());
  release_step();
  ::close(go_[1]);
  server.serve();
}

}  // namespace

void be_subreaper(const Prepared& prepared, int channel, int terminal, pid_t supervisor) {
  Subreaper(prepared, channel, terminal).run(supervisor);
}

}  // namespace stepbox::sandbox
