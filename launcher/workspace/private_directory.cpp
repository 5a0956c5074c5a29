#include "workspace/private_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "sys/files.hpp"
#include "sys/remove_tree.hpp"
#include "sys/unique_name.hpp"

namespace stepbox::workspace {
namespace {

constexpr std::string_view kPrefix = "stepbox-box-";

bool is_name_of_ours(std::string_view name) {
  return sys::is_unique_name(kPrefix, name);
}

struct Locked {
  sys::Fd directory;  // open, when there is no error
  int error = 0;      // EWOULDBLOCK: another process holds the lock; ENOENT: the directory is gone
};

Locked lock(const std::string& path) {
  Locked locked{sys::Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))};
  struct stat status {};
  if (!locked.directory || ::flock(locked.directory.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(locked.directory.get(), &status) != 0)
    locked.error = errno;
  else if (status.st_nlink == 0)
    locked.error = ENOENT;
  return locked;
}

// The directory inherits a default access list (acl(5)) of the place above it, and every file below would copy the list
// into kernel memory that no limit counts. Returns 0 or an errno.
int drop_default_list(int directory) {
  if (::fremovexattr(directory, "system.posix_acl_default") == 0 || errno == ENODATA || errno == EOPNOTSUPP) return 0;
  return errno;
}

bool is_private(const sys::Fd& directory) {
  struct stat status {};
  return ::fstat(directory.get(), &status) == 0 && status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

}  // namespace

std::string place_for_private_directories(const std::string& tmpdir) {
  if (!tmpdir.starts_with('/') || tmpdir.contains(':')) return "/tmp";
  const Result<sys::PathKind> kind = sys::kind_of(tmpdir);
  // /tmp is as good, so passing TMPDIR over loses nothing.
  if (!kind) log::debug("passing over TMPDIR: " + kind.error().message);
  return kind && *kind == sys::PathKind::directory ? lexically_normal(tmpdir) : "/tmp";
}

std::string example_of_private_directory(const std::string& place) {
  return place + "/" + std::string(kPrefix) + std::string(sys::kUniqueDigits, '?');
}

Result<PrivateDirectory> PrivateDirectory::create(const std::string& place) {
  constexpr int kTries = 100;
  constexpr const char* kHint = "set TMPDIR to a directory on a local file system";
  for (int i = 0; i < kTries; ++i) {
    const std::string path = place + "/" + sys::unique_name(kPrefix);
    if (::mkdir(path.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      Error error = Error::from_errno("cannot make a directory for the step in " + quoted(place), errno);
      error.hint = "set TMPDIR to a directory that you can write to";
      return std::unexpected(std::move(error));
    }
    Locked locked = lock(path);
    if (locked.error == 0) {
      PrivateDirectory made(path, std::move(locked.directory));
      if (const int error = drop_default_list(made.fd()); error != 0)
        return std::unexpected(Error::from_errno("cannot take the default access list off the step's directory in " + quoted(place), error).with_hint(kHint));
      return made;
    }
    ::rmdir(path.c_str());
    // A sweep was faster.
    if (locked.error == EWOULDBLOCK || locked.error == ENOENT) continue;
    Error error = Error::from_errno("cannot lock the step's directory in " + quoted(place), locked.error);
    error.hint = kHint;
    return std::unexpected(std::move(error));
  }
  return fail("cannot make a directory for the step in " + quoted(place) + ": other processes remove each one", kHint);
}

PrivateDirectory::PrivateDirectory(PrivateDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})), directory_(std::move(other.directory_)) {}

PrivateDirectory& PrivateDirectory::operator=(PrivateDirectory&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    directory_ = std::move(other.directory_);
  }
  return *this;
}

PrivateDirectory::~PrivateDirectory() { remove(); }

int PrivateDirectory::remove() {
  if (path_.empty()) return 0;
  const int error = sys::remove_tree(directory_.get());
  path_.clear();
  directory_.close();
  return error;
}

std::vector<Swept> sweep_private_directories(const std::string& place) {
  std::vector<Swept> swept;
  const auto entries = sys::list_directory(place);
  if (!entries) return swept;
  for (const sys::DirectoryEntry& entry : *entries) {
    if (entry.kind != sys::PathKind::directory || !is_name_of_ours(entry.name)) continue;
    const std::string path = place + "/" + entry.name;
    const Locked locked = lock(path);
    if (locked.error == 0 && is_private(locked.directory)) swept.push_back({path, sys::remove_tree(locked.directory.get())});
  }
  return swept;
}

}  // namespace stepbox::workspace
