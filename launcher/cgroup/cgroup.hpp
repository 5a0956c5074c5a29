// The control groups of one box: created and limited before the box exists, measured, and gone afterwards.
//
// A step can mount the hierarchy in a nested sandbox, where it sees its own group as the root. With shifted ids it owns
// none of the files there, and one group is enough in every hierarchy:
//
//   <caller's own group>/stepbox-PID-RANDOM        has the limits and the processes
//
// The step of an ordinary user owns the files of its group. So a hierarchy that enforces a limit gets two groups, one
// in the other: the step can write to the inner one, and the outer one binds.
//
//   <caller's own group>/stepbox-PID-RANDOM        has the limits
//   <caller's own group>/stepbox-PID-RANDOM/box    has the processes, and is the top of what the box can see
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cgroup/guard.hpp"
#include "model/cgroup.hpp"
#include "sys/fd.hpp"

namespace stepbox::cgroup {

// The limits that cannot be enforced here, and why.
struct Refusal {
  Error error;  // the attempt that failed; the caller names the limits
  std::vector<std::string_view> limits;
};

class Cgroup {
 public:
  // Makes the groups of the plan; none for an empty plan. The caller must block all signals.
  static std::expected<Cgroup, Refusal> create(const CgroupPlan& plan);

  Cgroup() = default;
  Cgroup(Cgroup&& other) noexcept = default;
  Cgroup& operator=(Cgroup&&) = delete;
  // Where the result matters, call destroy().
  ~Cgroup();

  // How the box's first process enters: by CLONE_INTO_CGROUP into unified(), which is -1 if there is no such group, and
  // by writing 0 to each of tasks(). Borrowed.
  int unified() const { return unified_.get(); }
  std::vector<int> tasks() const;

  // Files that the kernel does not have, and that the plan allows to be missing.
  const std::vector<std::string>& missing_files() const { return missing_; }

  // Why the kernel refused files with CgroupFile::may_be_refused, a sentence each.
  const std::vector<std::string>& unbounded() const { return unbounded_; }

  // Whether v1 groups with a memory limit send no event when a process is killed for memory: real-time kernels cannot.
  bool is_silent_on_memory() const { return is_silent_; }
  // Readable when memory has run out and the kernel will not end the whole box by itself (v1); -1 otherwise. Borrowed.
  int out_of_memory() const { return memory_event_.get(); }
  // Whether a process has been killed for memory. Ask after out_of_memory(), which comes a moment before the kill.
  bool has_killed_for_memory();

  // v2: "memory.events" of the box. poll(2) reports a change by POLLPRI until the next read: memory ran short, and the
  // kernel may kill a process next. Not open without a memory limit, nor on v1.
  sys::Fd memory_events() const;

  CgroupUsage measure() const;

  // Limits whose files are gone: the manager of the group above has taken back the controllers (v2).
  std::vector<std::string_view> lost_limits() const;

  // Kills what is left, removes the groups, and returns those that could not be removed. The volumes should be
  // released.
  std::vector<std::string> destroy();

 private:
  struct Group {
    PlannedGroup plan;
    GroupPaths paths;
    sys::Fd lock;         // shared, as long as the box is ours, so that a sweep leaves it alone
    sys::Fd parent_lock;  // shared, if the box needs the parent's controllers
    sys::Fd leaf_lock;    // likewise, of the leaf that stepbox is in

    // A group without limits only serves to kill and to measure.
    bool has_limits() const { return !plan.files.empty(); }
  };

  std::expected<void, Refusal> make(const std::string& name, const CgroupPlan& plan);
  std::expected<void, Refusal> make_group(Group& group);
  std::expected<void, Refusal> write_limit(const Group& group, int directory, const CgroupFile& file);
  Result<> hand_down(Group& group) const;
  Result<> leave_parent(Group& group) const;
  Result<> watch_memory(const Group& group, int inner);

  Guard guard_;
  std::string remedy_;  // of the plan
  std::vector<Group> groups_;
  sys::Fd unified_;
  std::vector<sys::Fd> tasks_;
  sys::Fd memory_event_;
  bool is_silent_ = false;
  std::vector<std::string> missing_;
  std::vector<std::string> unbounded_;
};

}  // namespace stepbox::cgroup
