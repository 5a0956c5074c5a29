#include "cgroup/cgroup.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cgroup/files.hpp"
#include "model/box_limits.hpp"
#include "sys/files.hpp"

namespace stepbox::cgroup {
namespace {

std::string new_name() {
  uint64_t random = 0;
  if (::getrandom(&random, sizeof random, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof random))
    random = static_cast<uint64_t>(::getpid());
  char text[64];
  std::snprintf(text, sizeof text, "%s%d-%016llx", kNamePrefix.data(), static_cast<int>(::getpid()),
                static_cast<unsigned long long>(random));
  return text;
}

std::string hint_for(int error, bool unified, const std::string& remedy) {
  switch (error) {
    case EACCES:
    case EPERM:
      if (unified) return remedy;
      return "run stepbox as root, or in control groups (v1) that root has made and given to the user that runs "
             "stepbox";
    case EROFS:
      return std::string("control groups are mounted read-only here, as containers and ProtectControlGroups= of systemd do: limit "
                         "the container instead (docker run --memory --pids-limit --cpus), or start it with ") +
             (unified ? "--security-opt writable-cgroups=true (docker from 28 on), --security-opt unmask=/sys/fs/cgroup (podman) or " : "") +
             "--privileged, and stepbox as root";
    case ENOENT:
      return "this kernel cannot enforce that limit; leave it out";
    case EAGAIN:
    case ENOSPC: return "there are too many control groups: see cgroup.max.descendants, and run `stepbox sweep`";
    default: return remedy;
  }
}

Error error_of(std::string what, int number, const std::string& remedy, bool unified = true) {
  Error error = Error::from_errno(std::move(what), number);
  if (error.hint.empty()) error.hint = hint_for(number, unified, remedy);
  return error;
}

// A limit that this host refuses for good need not stop the step.
Refusal with_way_out(Refusal refusal) {
  static constexpr int kLasting[] = {EACCES, EPERM, EROFS, ENOENT};
  if (refusal.limits.empty() || std::ranges::find(kLasting, refusal.error.number) == std::end(kLasting)) return refusal;
  std::string& hint = refusal.error.hint;
  hint += (hint.empty() ? "" : "; or ") + std::string("run without it where it cannot be had:");
  for (const std::string_view limit : refusal.limits) hint += " --limit optional=" + std::string(limit);
  return refusal;
}

// "346, bash". The kernel gives 0 for a process outside of the pid namespace.
std::string described(std::string_view pid) {
  if (pid == "0") return "one of another container or of the host";
  const Result<std::string> name = sys::read_file("/proc/" + std::string(pid) + "/comm", 64);
  return escaped(pid) + (name ? ", " + escaped(std::string_view(*name).substr(0, name->find('\n'))) : "");
}

bool has(const std::vector<std::string_view>& limits, std::string_view name) {
  return std::ranges::find(limits, name) != limits.end();
}

std::vector<std::string_view> limits_of(const PlannedGroup& group) {
  std::vector<std::string_view> limits;
  for (const CgroupFile& file : group.files)
    if (!file.limit.empty() && !has(limits, file.limit)) limits.push_back(file.limit);
  return limits;
}

std::string joined(const std::vector<std::string>& words, char sign) {
  std::string text;
  for (const std::string& word : words) ((text += text.empty() ? "" : " ") += sign) += word;
  return text;
}

bool is_same_directory(const std::string& path, const sys::Fd& open) {
  struct stat here {
  }, there{};
  return ::stat(path.c_str(), &here) == 0 && ::fstat(open.get(), &there) == 0 && here.st_ino == there.st_ino;
}

// Kept in every v2 group, whatever its limits. Read after the figures of the cpu limit, which are in the same file.
constexpr LimitFigure kTimes[] = {
    {"cpu.stat", "user_usec", &CgroupUsage::user_microseconds},
    {"cpu.stat", "system_usec", &CgroupUsage::system_microseconds},
};

// Reads the file of a figure, once for consecutive figures of one file. Takes the larger count of the outer and the
// inner group: some kernels count an event where it happens, others where the limit is.
class Source {
 public:
  Source(int group, bool has_inner) : group_(group), has_inner_(has_inner) {}

  void add(const LimitFigure& figure, CgroupUsage& usage) {
    // The count of kills comes earlier in the table.
    if (figure.file == nullptr || (figure.only_after_kill && usage.oom_kills == 0)) return;
    read(figure.file, has_inner_ && !figure.key.empty());
    usage.*figure.into += std::max(outer_.number(figure.key), inner_.number(figure.key)) / figure.divisor;
  }

 private:
  void read(const char* file, bool also_inner) {
    if (file_ != nullptr && std::string_view(file_) == file) return;
    file_ = file;
    outer_ = Text(group_, file);
    char inner[64];
    std::snprintf(inner, sizeof inner, "%s/%s", kInner, file);
    inner_ = also_inner ? Text(group_, inner) : Text();
  }

  int group_;
  bool has_inner_;
  const char* file_ = nullptr;
  Text outer_;
  Text inner_;
};

}  // namespace

std::expected<Cgroup, Refusal> Cgroup::create(const CgroupPlan& plan) {
  Cgroup made;
  if (plan.groups.empty()) return made;
  made.remedy_ = plan.remedy;
  // A sweep can take the directory for a leftover in the instant before it is locked: then another name is tried.
  constexpr int kTries = 8;
  for (int i = 0;; ++i) {
    auto done = made.make(new_name(), plan);
    if (done) return made;
    made.destroy();
    if (done.error().error.number != ESTALE || i == kTries) return std::unexpected(with_way_out(std::move(done).error()));
  }
}

std::expected<void, Refusal> Cgroup::make(const std::string& name, const CgroupPlan& plan) {
  std::vector<GroupPaths> paths;
  for (const PlannedGroup& group : plan.groups)
    paths.push_back({group.parent, group.parent + "/" + name, group.unified, joined(group.enable, '-')});
  auto guard = Guard::start(paths);
  if (!guard) return std::unexpected(Refusal{std::move(guard).error(), {}});
  guard_ = std::move(*guard);
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    Group group{.plan = plan.groups[i], .paths = paths[i], .lock = {}, .parent_lock = {}, .leaf_lock = {}};
    auto made = make_group(group);
    const bool is_needed = group.has_limits();
    groups_.push_back(std::move(group));
    if (made) continue;
    if (is_needed) return made;
    log::debug("ignoring that a group for killing the box cannot be made: " + made.error().error.message);
  }
  return {};
}

std::expected<void, Refusal> Cgroup::make_group(Group& group) {
  const std::vector<std::string_view> limits = limits_of(group.plan);
  const auto refuse = [&](Error error) { return std::unexpected(Refusal{std::move(error), limits}); };
  const std::string& directory = group.paths.directory;
  const auto fails = [&](std::string what) { return refuse(error_of(std::move(what), errno, remedy_, group.plan.unified)); };
  if (::mkdir(directory.c_str(), 0755) != 0)
    return fails("cannot make a control group below " + quoted(group.paths.parent));
  group.lock = open_group(AT_FDCWD, directory.c_str());
  if (!group.lock || ::flock(group.lock.get(), LOCK_SH | LOCK_NB) != 0 || !is_same_directory(directory, group.lock))
    return refuse(Error{"control group " + quoted(directory) + " was swept while it was made", "run it again", ESTALE});
  if (auto handed = hand_down(group); !handed) return refuse(std::move(handed).error());
  for (const CgroupFile& file : group.plan.files)
    if (auto written = write_limit(group, group.lock.get(), file); !written) return written;
  if (group.plan.has_inner && ::mkdirat(group.lock.get(), kInner, 0755) != 0)
    return fails("cannot make a control group below " + quoted(directory));
  sys::Fd inner = open_group(group.lock.get(), group.plan.has_inner ? kInner : ".");
  if (!inner) return fails("cannot open the control group below " + quoted(directory));
  for (const CgroupFile& file : group.plan.files)
    if (group.plan.has_inner && file.is_for_inner)
      if (auto written = write_limit(group, inner.get(), file); !written) return written;
  sys::Fd tasks(group.plan.unified ? -1 : ::openat(inner.get(), "tasks", O_WRONLY | O_CLOEXEC));
  if (!group.plan.unified && !tasks) return fails("cannot open \"tasks\" of the control group below " + quoted(directory));
  if (auto watched = watch_memory(group, inner.get()); !watched)
    return std::unexpected(Refusal{std::move(watched).error(), {"memory"}});
  if (group.plan.unified)
    unified_ = std::move(inner);
  else
    tasks_.push_back(std::move(tasks));
  return {};
}

std::expected<void, Refusal> Cgroup::write_limit(const Group& group, int directory, const CgroupFile& file) {
  const int error = write_at(directory, file.name, file.value);
  if (error == 0) return {};
  Error refused = error_of("cannot write " + quoted(file.value) + " to " + quoted(group.paths.directory + "/" + file.name), error,
                           remedy_, group.plan.unified);
  if (file.may_be_refused) {
    // A kernel without TCP does not have the file, and nothing to bound.
    if (error != ENOENT) unbounded_.push_back(std::move(refused.message));
  } else if (error == ENOENT && file.may_be_missing) {
    missing_.emplace_back(file.name);
  } else {
    return std::unexpected(Refusal{std::move(refused), {file.limit}});
  }
  return {};
}

// v2: a group has the controllers that its parent hands down. A parent that hands down any may have no processes,
// unless it is the root. With cpu and pids alone the kernel would accept processes in it, but then let none into the
// groups below (a threaded domain), so stepbox does not try.
Result<> Cgroup::hand_down(Group& group) const {
  if (!group.plan.unified || !group.has_limits()) return {};
  const std::string& parent = group.paths.parent;
  group.parent_lock = open_group(AT_FDCWD, parent.c_str());
  if (!group.parent_lock) return std::unexpected(error_of("cannot open control group " + quoted(parent), errno, remedy_));
  ::flock(group.parent_lock.get(), LOCK_SH | LOCK_NB);
  if (group.plan.enable.empty()) return {};
  TRY_ASSIGN(const sys::PathKind type, sys::kind_of(parent + "/cgroup.type"));
  const bool is_root = type == sys::PathKind::missing;
  if (!is_root) TRY(leave_parent(group));
  const std::string wanted = joined(group.plan.enable, '+');
  const int error = write_at(group.parent_lock.get(), "cgroup.subtree_control", wanted);
  if (error == 0) return {};
  return std::unexpected(error_of("cannot hand down " + wanted + " to the groups below " + quoted(parent), error, remedy_));
}

// Only if stepbox is alone in it: stepbox does not move other processes.
Result<> Cgroup::leave_parent(Group& group) const {
  TRY_ASSIGN(const std::string text, sys::read_file(group.paths.parent + "/cgroup.procs"));
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line == std::to_string(::getpid()) || line == std::to_string(guard_.pid())) continue;
    return fail("control group " + quoted(group.paths.parent) + " holds other processes than stepbox (" +
                    described(line) + "), so that it cannot hand down limits (EBUSY)",
                remedy_);
  }
  const std::string leaf = group.paths.directory + kLeafSuffix;
  if (::mkdir(leaf.c_str(), 0755) != 0)
    return std::unexpected(error_of("cannot make control group " + quoted(leaf), errno, remedy_));
  group.leaf_lock = open_group(AT_FDCWD, leaf.c_str());
  if (!group.leaf_lock) return std::unexpected(error_of("cannot open control group " + quoted(leaf), errno, remedy_));
  ::flock(group.leaf_lock.get(), LOCK_SH | LOCK_NB);
  for (const pid_t pid : {guard_.pid(), ::getpid()})
    if (const int error = write_at(group.leaf_lock.get(), "cgroup.procs", std::to_string(pid)); error != 0)
      return std::unexpected(error_of("cannot move stepbox to control group " + quoted(leaf), error, remedy_));
  return {};
}

// On v2 the kernel ends the whole box (memory.oom.group). On v1 it kills one process and lets the others carry on, so
// the supervisor ends the box on this event. If the kernel has no such event, the count at the end still tells. If it
// has one but refuses it now, the run fails: a build would go on with half of its processes.
Result<> Cgroup::watch_memory(const Group& group, int inner) {
  if (group.plan.unified || !has(limits_of(group.plan), "memory")) return {};
  const auto fails = [this](int error) {
    return std::unexpected(error_of("cannot watch for processes that are killed for memory", error, remedy_, false));
  };
  sys::Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return fails(errno);
  const sys::Fd control(::openat(inner, "memory.oom_control", O_RDONLY | O_CLOEXEC));
  if (!control && errno != ENOENT) return fails(errno);
  const int error = !control ? ENOENT : write_at(inner, "cgroup.event_control", std::to_string(event.get()) + " " + std::to_string(control.get()));
  is_silent_ = error == ENOENT || error == EOPNOTSUPP;
  if (error != 0 && !is_silent_) return fails(error);
  if (error == 0) memory_event_ = std::move(event);
  return {};
}

bool Cgroup::has_killed_for_memory() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = ::read(memory_event_.get(), &count, sizeof count);
  return measure().oom_kills > 0;
}

sys::Fd Cgroup::memory_events() const {
  for (const Group& group : groups_) {
    if (!group.plan.unified || !has(limits_of(group.plan), "memory")) continue;
    sys::Fd events(::openat(group.lock.get(), "memory.events", O_RDONLY | O_CLOEXEC));
    // Until the first read, poll(2) reports a change.
    char ignored[512];
    if (events) (void)!::pread(events.get(), ignored, sizeof ignored, 0);
    return events;
  }
  return {};
}

std::vector<int> Cgroup::tasks() const {
  std::vector<int> fds;
  for (const sys::Fd& fd : tasks_) fds.push_back(fd.get());
  return fds;
}

CgroupUsage Cgroup::measure() const {
  CgroupUsage usage;
  for (const Group& group : groups_) {
    const std::vector<std::string_view> limits = limits_of(group.plan);
    const bool unified = group.plan.unified;
    Source source(group.lock.get(), group.plan.has_inner);
    for (const BoxLimit& row : kBoxLimits)
      if (has(limits, row.name()))
        for (const LimitFigure& figure : (unified ? row.unified : row.v1).figures) source.add(figure, usage);
    if (unified)
      for (const LimitFigure& figure : kTimes) source.add(figure, usage);
  }
  return usage;
}

std::vector<std::string_view> Cgroup::lost_limits() const {
  std::vector<std::string_view> lost;
  for (const Group& group : groups_)
    for (const CgroupFile& file : group.plan.files) {
      if (file.may_be_missing || file.may_be_refused || has(lost, file.limit)) continue;
      if (::faccessat(group.lock.get(), file.name, F_OK, 0) != 0 && errno == ENOENT)
        lost.push_back(file.limit);
    }
  return lost;
}

std::vector<std::string> Cgroup::destroy() {
  constexpr std::chrono::seconds kPatience{5};
  std::vector<std::string> left;
  for (const Group& group : groups_) {
    const char* directory = group.paths.directory.c_str();
    // As a rule this is the only group below, and needs no search.
    if (group.plan.has_inner) ::unlinkat(group.lock.get(), kInner, AT_REMOVEDIR);
    if (::rmdir(directory) == 0 || errno == ENOENT) continue;
    // The pid namespace has already taken the box's processes along; this kills those that entered from outside.
    if (group.plan.unified) write_at(group.lock.get(), "cgroup.kill", "1");
    if (remove_group_patiently(directory, kPatience) != 0) left.push_back("control group " + quoted(directory));
  }
  guard_.dismiss();
  guard_ = Guard();
  for (Group& group : groups_) {
    group.parent_lock.close();
    give_back(group.paths);
  }
  groups_.clear();
  unified_.close();
  tasks_.clear();
  memory_event_.close();
  return left;
}

Cgroup::~Cgroup() {
  destroy();
}

}  // namespace stepbox::cgroup
