#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/credentials.hpp"
#include "sandbox/processes.hpp"
#include "sandbox/serve.hpp"
#include "sandbox/step_parent.hpp"

namespace stepbox::sandbox {
namespace {

int error_of(long result) { return result < 0 ? errno : 0; }

// What init is to a box, where there is none. Whoever loses his parent becomes its child (prctl(2)), so that it finds
// everybody that the step has started. It is not tied to the supervisor: when that dies, there is still to be cleaned
// up, which no kernel does here.
class Subreaper : StepParent {
 public:
  Subreaper(const Prepared& prepared, int channel, int terminal) : StepParent(prepared, channel, terminal) {}

  [[noreturn]] void run();
};

void Subreaper::run() {
  require(Stage::init_privileges, error_of(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)));
  const int processes = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  require(Stage::init_privileges, error_of(processes));
  enter_groups();
  clone_step(0);
  release_step();
  const int directory = prepared_.private_directory;
  show_root_to_step(directory);
  // Its lock says that somebody is there (workspace/private_directory.hpp).
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

void be_subreaper(const Prepared& prepared, int channel, int terminal) { Subreaper(prepared, channel, terminal).run(); }

}  // namespace stepbox::sandbox
