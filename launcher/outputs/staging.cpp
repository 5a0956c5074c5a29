#include "outputs/staging.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/text.hpp"
#include "sys/directory_entries.hpp"
#include "sys/remove_tree.hpp"
#include "sys/unique_name.hpp"

namespace stepbox::outputs {
namespace {

constexpr std::string_view kPrefix = ".stepbox-outputs-";

// Returns the directory if it is ours and no other run holds it.
sys::Fd lock(int place, const char* name) {
  sys::Fd directory(::openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!directory || ::fstat(directory.get(), &status) != 0 || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) return {};
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return {};
  // Its holder may have removed it just before.
  if (::fstat(directory.get(), &status) != 0 || status.st_nlink == 0) return {};
  return directory;
}

}  // namespace

bool is_name_of_staging(std::string_view name) {
  return sys::is_unique_name(kPrefix, name);
}

Result<Staging> Staging::create(int place, const std::string& where) {
  constexpr int kTries = 100;
  int error = EEXIST;
  for (int i = 0; i < kTries; ++i) {
    const std::string name = sys::unique_name(kPrefix);
    if (::mkdirat(place, name.c_str(), 0700) != 0) {
      error = errno;
      if (error == EEXIST) continue;
      break;
    }
    sys::Fd directory = lock(place, name.c_str());
    if (!directory) continue;  // another run's look for abandoned ones was faster
    Staging staging(std::move(directory));
    // A default access list (acl(5)) of the place would add to the modes of all that is made below.
    if (::fremovexattr(staging.fd(), "system.posix_acl_default") == 0 || errno == ENODATA || errno == EOPNOTSUPP) return staging;
    error = errno;
    break;
  }
  return fail_errno("cannot make a directory in " + quoted(where) + " for the outputs", error);
}

std::vector<Staging> Staging::abandoned(int place) {
  std::vector<Staging> found;
  const sys::Fd listed(::openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!listed) return found;
  std::vector<std::string> names;
  sys::for_each_entry(listed.get(), [&](const char* name) {
    if (is_name_of_staging(name)) names.emplace_back(name);
  });
  for (const std::string& name : names)
    if (sys::Fd directory = lock(place, name.c_str())) found.push_back(Staging(std::move(directory)));
  return found;
}

Staging::~Staging() { remove(); }

int Staging::remove() {
  if (!directory_) return 0;
  const int error = sys::remove_tree(directory_.get());
  directory_.close();
  return error;
}

}  // namespace stepbox::outputs
