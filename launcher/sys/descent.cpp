#include "sys/descent.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "sys/files.hpp"

namespace stepbox::sys {
namespace {

constexpr int kPlace = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

}  // namespace

Descent::Descent(int root) : at_(::openat(root, ".", kPlace)) {
  Level level{};
  problem_ = at_ ? identify(at_.get(), level) : errno;
  is_lost_ = problem_ != 0;
  levels_.push_back(level);
}

int Descent::identify(int directory, Level& level) {
  struct statx status {};
  if (::statx(directory, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &status) != 0) return errno;
  level = {{makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino}, status.stx_mnt_id};
  return 0;
}

void Descent::enter(const char* name) {
  if (is_lost_ || missing_ > 0) {
    ++missing_;
    return;
  }
  Fd below(::openat(at_.get(), name, kPlace));
  Level level{};
  int error = below ? identify(below.get(), level) : errno;
  // O_PATH opens a directory that may not be searched, and from which there would be no way back.
  struct stat status {};
  if (error == 0 && ::fstatat(below.get(), ".", &status, 0) != 0) error = errno;
  if (error == 0 && level.mount != levels_.back().mount) error = EXDEV;
  if (error != 0) {
    missing_ = 1;
    problem_ = means_absent(error) ? 0 : error;
    return;
  }
  at_ = std::move(below);
  levels_.push_back(level);
}

void Descent::leave() {
  if (missing_ > 0) {
    if (--missing_ == 0 && !is_lost_) problem_ = 0;
    return;
  }
  levels_.pop_back();
  if (is_lost_ || levels_.empty()) return;
  at_ = Fd(::openat(at_.get(), "..", kPlace));
  Level level{};
  if (!at_) problem_ = errno;
  else if (const int error = identify(at_.get(), level); error != 0) problem_ = error;
  else if (level.id != levels_.back().id) problem_ = ESTALE;
  is_lost_ = problem_ != 0;
}

int Descent::look_at(const char* name, struct stat& status) const {
  if (problem_ != 0) return problem_;
  if (missing_ > 0) return ENOENT;
  if (::fstatat(at_.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0) return 0;
  return means_absent(errno) ? ENOENT : errno;
}

}  // namespace stepbox::sys
