#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <linux/capability.h>

#include "sandbox/channel.hpp"
#include "sandbox/credentials.hpp"
#include "sandbox/mounts.hpp"
#include "sandbox/processes.hpp"
#include "sandbox/serve.hpp"
#include "sandbox/step_parent.hpp"
#include "sys/calls.hpp"

namespace stepbox::sandbox {
namespace {

// The last id of the slice: no user outside has it, and it is not mapped into the step's namespace, so the step
// cannot become the same user.
constexpr uint32_t kInitId = 131'071;

using sys::error_of;

class Init : StepParent {
 public:
  Init(const Prepared& prepared, int channel, int terminal) : StepParent(prepared, channel, terminal) {}

  [[noreturn]] void run();

 private:
  bool shifted() const { return prepared_.plan.identity.isolation == UidIsolation::shifted; }
  // An ordinary user's init already shares the step's namespace.
  bool step_has_namespace() const { return prepared_.plan.identity.isolation != UidIsolation::mapped; }

  void map_own_ids();
  void open_proc();
  void bound_shared_memory() const;
  void map_ids_of_step();
  void make_workspace();
  void make_rest();
  void build(MountPhase last);
  void raise_loopback();
  void hand_over_volumes();
  void drop_privileges();

  MountContext context_;
  int processes_ = -1;    // the box's /proc, opened before a step could cover it
};

void Init::run() {
  // The end of file on the channel is the second tie, in case the supervisor died before this line.
  tie_to_parent();
  enter_groups();
  // The top of the cgroup namespace is its maker's group, so it must be made inside the groups.
  if (!prepared_.groups.is_empty()) require(Stage::groups, error_of(::unshare(CLONE_NEWCGROUP)));
  if (prepared_.plan.identity.isolation == UidIsolation::mapped) map_own_ids();
  open_proc();
  clone_step(step_has_namespace() ? CLONE_NEWUSER : 0);
  if (step_has_namespace()) map_ids_of_step();
  release_step();  // the step's ids are mapped: it may cut its privileges while the box is made
  bound_shared_memory();
  if (prepared_.plan.confinement.deny_nesting || prepared_.plan.confinement.deny_cgroup_namespaces) await_step();
  make_workspace();
  show_root_to_step(context_.root);  // meanwhile the step makes its cache directories
  make_rest();
  if (prepared_.plan.confinement.network == NetworkMode::loopback) raise_loopback();
  hand_over_volumes();
  // Everything that can fail, and everything that gives init its last shape, comes before the step runs: the step
  // could take init's limits away, or hold on to an init that still has privileges.
  processes_ = ::openat(context_.proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  require(Stage::init_privileges, error_of(processes_));
  drop_descriptors(processes_, context_.terminal);  // keeps nothing worth stealing
  drop_privileges();
  Server server({prepared_, channel_, terminal_, step_, step_handle_, processes_, Bounds::pid_namespace});
  require(Stage::init_privileges, server.open());
  release_step();  // the box is made: the step may enter it
  ::close(go_[1]);
  server.serve();
}

void Init::map_own_ids() {
  // An unprivileged process must give up setgroups before it may map its group (user_namespaces(7)).
  require(Stage::user_map, write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny", 4));
  require(Stage::user_map, write_file_at(AT_FDCWD, "/proc/self/uid_map", prepared_.uid_map.data(), prepared_.uid_map.size()));
  require(Stage::user_map, write_file_at(AT_FDCWD, "/proc/self/gid_map", prepared_.gid_map.data(), prepared_.gid_map.size()));
}

// Makes the procfs before it is mounted: init writes the step's maps through it, under the pids of the box.
void Init::open_proc() {
  const int context = sys::fsopen("proc");
  require(Stage::file_systems, error_of(context));
  int error = error_of(sys::fsconfig_create(context));
  if (error == 0) {
    context_.proc = sys::fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    error = error_of(context_.proc);
  }
  if (error != 0) {
    int index = 0;
    for (const MountCall& call : prepared_.plan.files.mounts) {
      if (call.act == MountAct::proc) break;
      ++index;
    }
    require(Stage::mount, error, index);
  }
  ::close(context);
}

void Init::map_ids_of_step() {
  char path[64];
  const auto of_step = [&](const char* name) {
    std::snprintf(path, sizeof path, "%d/%s", static_cast<int>(step_), name);
    return path;
  };
  require(Stage::step_map, write_file_at(context_.proc, of_step("uid_map"), prepared_.uid_map.data(), prepared_.uid_map.size()));
  require(Stage::step_map, write_file_at(context_.proc, of_step("gid_map"), prepared_.gid_map.data(), prepared_.gid_map.size()));
  context_.user_namespace = ::openat(context_.proc, of_step("ns/user"), O_RDONLY | O_CLOEXEC);
  require(Stage::step_map, error_of(context_.user_namespace));
}

void Init::make_workspace() {
  // Mounts made here must not propagate to the host, nor the host's to here.
  require(Stage::private_mounts, error_of(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr)));
  ::umask(0);
  build(MountPhase::workspace);
}

void Init::make_rest() {
  build(MountPhase::last);
  require(Stage::pivot, enter_root(context_.root));
}

void Init::build(MountPhase last) {
  const MountFailure failure = build_mounts(prepared_, context_, last);
  require(failure.stage, failure.error, failure.index);
}

// System V segments are memory outside every volume. Bounds them to the size of the workspace, and makes the kernel
// free them with their last user rather than with the namespace, which the kernel frees a while after the box has
// ended. Real root owns these settings (proc(5)), before Linux 5.19 the host's alone; an ordinary user's box keeps
// the kernel's defaults. Runs before the mounts, because a box that contains the host's uid 0 gets a read-only /proc.
void Init::bound_shared_memory() const {
  if (prepared_.plan.identity.isolation == UidIsolation::mapped) return;
  constexpr uint64_t kPage = 4096;
  char pages[32];
  const int length = std::snprintf(pages, sizeof pages, "%llu", static_cast<unsigned long long>(prepared_.plan.files.volumes[0].bytes / kPage));
  int error = write_file_at(context_.proc, "sys/kernel/shmall", pages, static_cast<size_t>(length));
  if (const int other = write_file_at(context_.proc, "sys/kernel/shm_rmid_forced", "1", 1); error == 0) error = other;
  // A kernel without System V IPC has neither file.
  if (error == 0 || error == ENOENT || prepared_.plan.confinement.segments == SegmentBound::by_memory_limit) return;
  if (prepared_.plan.confinement.segments == SegmentBound::required) require(Stage::shared_memory, error);
  // Without this message, the box would be weaker and nobody would know.
  if (!send_message(channel_, {.kind = Kind::weakened, .stage = Stage::shared_memory, .error = error})) ::_exit(0);
}

void Init::raise_loopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  require(Stage::loopback, error_of(fd));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  require(Stage::loopback, error_of(::ioctl(fd, SIOCSIFFLAGS, &request)));
  ::close(fd);
}

// Lets the supervisor measure the volumes and read the overlays, while the step runs and after everything in the box
// is dead.
void Init::hand_over_volumes() {
  int fds[kMaxDescriptors];
  size_t count = 0;
  for (const int fd : context_.volumes)
    if (fd >= 0) fds[count++] = fd;
  for (size_t i = 0; i < prepared_.plan.files.overlays.size(); ++i) {
    fds[count++] = context_.views[i];
    fds[count++] = context_.uppers[i];
  }
  // Lets the supervisor look at the processes when a deadline is over.
  fds[count++] = context_.proc;
  Message message{.kind = Kind::volumes};
  iovec part{&message, sizeof message};
  require(Stage::mount, send_with_descriptors(channel_, part, fds, count));
}

void Init::drop_privileges() {
  const Identity& identity = prepared_.plan.identity;
  // Leaves the host's uid 0, which must not be in the box.
  if (shifted())
    require(Stage::init_privileges,
            become_keeping_capabilities(identity.owner_uid + kInitId, identity.owner_gid + kInitId));
  // A step that is root in its namespace may change its uid, and must still be reachable by signals.
  require(Stage::init_privileges, keep_capabilities(uint64_t{1} << CAP_KILL));
  require(Stage::init_privileges, error_of(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
  // The step may be the same user, but can neither trace nor read a process that is not dumpable (ptrace(2)).
  require(Stage::init_privileges, error_of(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)));
  tie_to_parent();
}

}  // namespace

void be_init(const Prepared& prepared, int channel, int terminal) { Init(prepared, channel, terminal).run(); }

}  // namespace stepbox::sandbox
