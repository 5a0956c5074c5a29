#include "cgroup/sweep.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

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

// Most groups have none below them, which the number of links tells without a list.
bool has_groups_below(const std::string& directory) {
  struct stat status {};
  return ::stat(directory.c_str(), &status) == 0 && status.st_nlink > 2;
}

class Sweeper {
 public:
  explicit Sweeper(Reach reach) : reach_(reach) {}

  void look_below(const std::string& directory) {
    if (!has_groups_below(directory)) return;
    const auto entries = sys::list_directory(directory);
    if (!entries) return;
    for (const sys::DirectoryEntry& entry : *entries) {
      if (entry.kind != sys::PathKind::directory) continue;
      const std::string path = (directory == "/" ? "" : directory) + "/" + entry.name;
      if (is_name_of_ours(entry.name)) take(path);
      else if (reach_ == Reach::everywhere) look_below(path);
    }
  }

  std::vector<Swept> result() && { return std::move(swept_); }

 private:
  void take(const std::string& path) {
    const sys::Fd lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
    swept_.push_back({path, remove_group(path)});
  }

  Reach reach_;
  std::vector<Swept> swept_;
};

}  // namespace

std::vector<Swept> sweep(const std::vector<CgroupHierarchy>& hierarchies, Reach reach) {
  Sweeper sweeper(reach);
  for (const CgroupHierarchy& hierarchy : hierarchies) sweeper.look_below(reach == Reach::everywhere ? hierarchy.mount : hierarchy.own);
  return std::move(sweeper).result();
}

}  // namespace stepbox::cgroup
