#include "cgroup/sweep.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/text.hpp"
#include "cgroup/files.hpp"
#include "sys/fd.hpp"
#include "sys/files.hpp"

namespace stepbox::cgroup {
namespace {

// stepbox-PID-RANDOM, and the leaf beside it.
bool is_name_of_ours(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return false;
  name.remove_prefix(kNamePrefix.size());
  const size_t dash = name.find('-');
  if (dash == 0 || dash == std::string_view::npos || name.find_first_not_of("0123456789") != dash) return false;
  name.remove_prefix(dash + 1);
  if (name.ends_with(kLeafSuffix)) name.remove_suffix(std::string_view(kLeafSuffix).size());
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Most groups have none below them, which the link count shows without a listing.
bool has_groups_below(const std::string& directory) {
  struct stat status {};
  return ::stat(directory.c_str(), &status) == 0 && status.st_nlink > 2;
}

// A group that stepbox left for a leaf had processes, so it hands down only what stepbox made it hand down. While it
// does, no process can enter it.
void hand_down_nothing(const std::string& directory) {
  const sys::Fd group = open_group(AT_FDCWD, directory.c_str());
  const Result<std::string> enabled = sys::read_file(directory + "/cgroup.subtree_control", 4096);
  if (!group || !enabled) return;
  std::string taken_back;
  for (const std::string_view word : split(std::string_view(*enabled).substr(0, enabled->find('\n')), ' '))
    if (!word.empty()) (taken_back += taken_back.empty() ? "-" : " -") += word;
  if (!taken_back.empty()) write_at(group.get(), "cgroup.subtree_control", taken_back);
}

class Sweeper {
 public:
  explicit Sweeper(Reach reach) : reach_(reach) {}

  void look_below(const std::string& directory) {
    if (!has_groups_below(directory)) return;
    const auto entries = sys::list_directory(directory);
    if (!entries) return;
    bool was_left_by_us = false;
    for (const sys::DirectoryEntry& entry : *entries) {
      if (entry.kind != sys::PathKind::directory) continue;
      const std::string path = (directory == "/" ? "" : directory) + "/" + entry.name;
      if (is_name_of_ours(entry.name))
        was_left_by_us = (take(path) && entry.name.ends_with(kLeafSuffix)) || was_left_by_us;
      else if (reach_ == Reach::everywhere)
        look_below(path);
    }
    if (was_left_by_us && !has_groups_below(directory)) hand_down_nothing(directory);
  }

  std::vector<Swept> result() && { return std::move(swept_); }

 private:
  using Clock = std::chrono::steady_clock;

  // For one group. A run that sweeps in passing has a step to look after, however many groups there are.
  std::chrono::milliseconds limit() const {
    constexpr std::chrono::milliseconds kWhenAsked{5'000};
    constexpr std::chrono::milliseconds kInPassing{100};
    if (reach_ == Reach::everywhere) return kWhenAsked;
    return kInPassing - std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_);
  }

  bool take(const std::string& path) {
    const sys::Fd lock = open_group(AT_FDCWD, path.c_str());
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return false;
    swept_.push_back({path, remove_group(path.c_str(), limit())});
    return swept_.back().error == 0;
  }

  Reach reach_;
  Clock::time_point begin_ = Clock::now();
  std::vector<Swept> swept_;
};

}  // namespace

std::vector<Swept> sweep(const std::vector<CgroupHierarchy>& hierarchies, Reach reach) {
  Sweeper sweeper(reach);
  for (const CgroupHierarchy& hierarchy : hierarchies)
    sweeper.look_below(reach == Reach::everywhere ? hierarchy.mount : hierarchy.own);
  return std::move(sweeper).result();
}

}  // namespace stepbox::cgroup
