// Theory of operation. One directory is open at a time: the walk goes down by name and up by "..". A descriptor for
// each level would run out in a deep tree, and opening by path fails beyond PATH_MAX. ".." leads elsewhere if the
// directory has been moved meanwhile, so the walk compares the directory it finds there with the one it came from.
#include "sys/walk.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "sys/directory_entries.hpp"
#include "sys/fd.hpp"
#include "sys/file_id.hpp"

namespace stepbox::sys {
namespace {

constexpr int kListed = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string take_last_name(std::string& names) {
  names.pop_back();
  const size_t begin = names.rfind('\0') + 1;  // 0 where there is no other name
  std::string name = names.substr(begin);
  names.resize(begin);
  return name;
}

class Walk {
 public:
  Walk(std::string path, Visitor& visitor, WalkBounds bounds) : visitor_(visitor), bounds_(bounds), path_(std::move(path)) {}

  int run(int root);

 private:
  struct Level {
    FileId id;
    size_t path_length;  // of path_ at this level
    std::string left;    // the names of the subdirectories still to be walked, each with a NUL behind it
  };

  WalkedDirectory here() const { return {at_.get(), path_, levels_.size() - 1}; }
  bool is_outside(const struct stat& status) const {
    if (status.st_dev == device_ || bounds_.other_devices == OtherDevices::walk) return false;
    return S_ISDIR(status.st_mode) || bounds_.other_devices == OtherDevices::pass_over;
  }
  void enter(FileId id);
  void examine(const char* name);
  int walk_below();
  int descend(const std::string& name);
  int climb();

  Visitor& visitor_;
  const WalkBounds bounds_;
  std::string path_;
  Fd at_;
  dev_t device_ = 0;
  std::vector<Level> levels_;
};

int Walk::run(int root) {
  at_ = Fd(::openat(root, ".", kListed));
  struct stat status {};
  if (!at_ || ::fstat(at_.get(), &status) != 0) return errno;
  device_ = status.st_dev;
  enter(id_of(status));
  const int failed = walk_below();
  for (; !levels_.empty(); levels_.pop_back()) visitor_.leave();
  return failed;
}

void Walk::enter(FileId id) {
  levels_.push_back({id, path_.size(), {}});
  if (visitor_.enter(here()) == Descend::no) return;
  const int failed = for_each_entry(at_.get(), [this](const char* name) { examine(name); });
  // ENOENT: the directory was removed meanwhile.
  if (failed != 0 && failed != ENOENT) visitor_.pass_over(here(), ".", failed);
}

void Walk::examine(const char* name) {
  struct stat status {};
  if (::fstatat(at_.get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) visitor_.pass_over(here(), name, errno);
  else if (is_outside(status)) visitor_.pass_over(here(), name, EXDEV);
  else if (S_ISDIR(status.st_mode)) levels_.back().left.append(name, std::strlen(name) + 1);
  else visitor_.visit(here(), name, status);
}

int Walk::walk_below() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    path_.resize(level.path_length);
    if (level.left.empty()) {
      visitor_.leave();
      levels_.pop_back();
      if (const int failed = climb(); failed != 0) return failed;
      continue;
    }
    const std::string name = take_last_name(level.left);
    if (const int failed = descend(name); failed != 0) visitor_.pass_over(here(), name.c_str(), failed);
  }
  return 0;
}

int Walk::descend(const std::string& name) {
  if (levels_.size() > bounds_.depth) return ENAMETOOLONG;
  Fd below(::openat(at_.get(), name.c_str(), kListed));
  struct stat own {};
  struct stat above {};
  if (!below || ::fstat(below.get(), &own) != 0) return errno;
  if (is_outside(own)) return EXDEV;
  // A directory that may be listed but not entered has no way back up.
  if (::fstatat(below.get(), "..", &above, 0) != 0) return errno;
  if (id_of(above) != levels_.back().id) return ESTALE;
  at_ = std::move(below);
  (path_ += '/') += name;
  enter(id_of(own));
  return 0;
}

int Walk::climb() {
  if (levels_.empty()) return 0;
  at_ = Fd(::openat(at_.get(), "..", kListed));
  struct stat status {};
  if (!at_ || ::fstat(at_.get(), &status) != 0) return errno;
  return id_of(status) == levels_.back().id ? 0 : ESTALE;
}

}  // namespace

int walk(int root, std::string path, Visitor& visitor, WalkBounds bounds) {
  return Walk(std::move(path), visitor, bounds).run(root);
}

}  // namespace stepbox::sys
