#include "cgroup/guard.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "cgroup/files.hpp"
#include "sys/descriptors.hpp"
#include "sys/files.hpp"

namespace stepbox::cgroup {
namespace {

// A box with 10,000 processes takes seconds to die, and a machine under load longer.
constexpr std::chrono::minutes kPatience{1};

// The caller does not know of the guard, which must hold none of the caller's descriptors and directories.
void hold_nothing_but(int pipe) {
  [[maybe_unused]] const int ignored = ::chdir("/");
  int kept[] = {pipe};
  sys::close_all_but(kept);
}

[[noreturn]] void stand_guard(const std::vector<GroupPaths>& paths, int pipe) {
  hold_nothing_but(pipe);
  char byte = 0;
  while (::read(pipe, &byte, 1) < 0 && errno == EINTR) {
  }
  for (const GroupPaths& group : paths)
    if (group.unified) write_at(open_group(AT_FDCWD, group.directory.c_str()).get(), "cgroup.kill", "1");
  for (const GroupPaths& group : paths) remove_group_patiently(group.directory.c_str(), kPatience);
  for (const GroupPaths& group : paths) give_back(group);
  ::_exit(0);
}

bool has_groups_but(const std::string& parent, const std::string& known) {
  const auto entries = sys::list_directory(parent);
  if (!entries) return true;
  for (const sys::DirectoryEntry& entry : *entries)
    if (entry.kind == sys::PathKind::directory && parent + "/" + entry.name != known) return true;
  return false;
}

}  // namespace

void give_back(const GroupPaths& paths) {
  if (paths.take_back.empty()) return;
  // Every box that needs the parent's controllers holds this lock shared, and groups that are not ours may need them
  // as well. In both cases the controllers stay.
  const sys::Fd parent = open_group(AT_FDCWD, paths.parent.c_str());
  const std::string leaf = paths.directory + kLeafSuffix;
  if (!parent || ::flock(parent.get(), LOCK_EX | LOCK_NB) != 0 || has_groups_but(paths.parent, leaf)) return;
  if (write_at(parent.get(), "cgroup.subtree_control", paths.take_back) != 0) return;
  // A leaf that cannot be examined may exist.
  if (const auto kind = sys::kind_of(leaf); kind && *kind == sys::PathKind::missing) return;
  write_at(parent.get(), "cgroup.procs", "0");
  remove_group_patiently(leaf.c_str(), kPatience);
}

Result<Guard> Guard::start(std::vector<GroupPaths> paths) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail_errno("cannot open the pipe to the guard of the control groups", errno);
  sys::Fd theirs(ends[0]);
  sys::Fd ours(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("cannot start the guard of the control groups", errno);
  if (pid == 0) stand_guard(paths, theirs.get());
  // The parent does this, so that it is done before the first group is made.
  if (::setpgid(pid, pid) != 0) {
    const int error = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail_errno("cannot give the guard of the control groups a process group of its own", error);
  }
  return Guard(pid, std::move(ours));
}

Guard& Guard::operator=(Guard&& other) noexcept {
  if (this != &other) {
    Guard ended(std::move(*this));
    pid_ = std::exchange(other.pid_, -1);
    pipe_ = std::move(other.pipe_);
  }
  return *this;
}

void Guard::dismiss() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

Guard::~Guard() {
  pipe_.close();
  if (pid_ > 0)
    while (::waitpid(pid_, nullptr, 0) < 0 && errno != ECHILD) {
    }
}

}  // namespace stepbox::cgroup
