#include "sys/private_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/text.hpp"
#include "sys/fd.hpp"
#include "sys/files.hpp"

namespace stepbox::sys {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// Whether we have the access that others lack. Mostly we lack it too, and then there is nothing to hide.
bool can(int directory, const char* name, int access) {
  return ::faccessat(directory, name, access, AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0;
}

class Walk {
 public:
  Result<> directory(Fd fd, const std::string& path);
  std::vector<PrivateFile> take() && { return std::move(found_); }

 private:
  Result<> entry(int parent, const dirent& entry, const std::string& path);
  Result<> subdirectory(int parent, const char* name, mode_t mode, const std::string& path);

  std::vector<PrivateFile> found_;
};

Result<> Walk::directory(Fd fd, const std::string& path) {
  const Directory stream(::fdopendir(fd.get()));
  if (!stream) return fail_errno("cannot list " + quoted(path), errno);
  fd.release();
  for (;;) {
    errno = 0;
    const dirent* next = ::readdir(stream.get());
    if (next == nullptr && errno != 0) return fail_errno("cannot list " + quoted(path), errno);
    if (next == nullptr) return {};
    const std::string_view name = next->d_name;
    if (name != "." && name != "..") TRY(entry(::dirfd(stream.get()), *next, path));
  }
}

Result<> Walk::entry(int parent, const dirent& entry, const std::string& path) {
  // Most entries are links (certificates). Sockets and devices hold nothing to read.
  if (entry.d_type != DT_REG && entry.d_type != DT_DIR && entry.d_type != DT_UNKNOWN) return {};
  std::string own = path + "/" + entry.d_name;
  struct stat status {};
  if (::fstatat(parent, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (means_absent(errno)) return {};
    return fail_errno("cannot look at " + quoted(own), errno);
  }
  if (S_ISDIR(status.st_mode)) return subdirectory(parent, entry.d_name, status.st_mode, own);
  if (S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) == 0 && can(parent, entry.d_name, R_OK))
    found_.push_back({std::move(own), false});
  return {};
}

Result<> Walk::subdirectory(int parent, const char* name, mode_t mode, const std::string& path) {
  if ((mode & S_IXOTH) == 0) {
    if (can(parent, name, X_OK) || can(parent, name, R_OK)) found_.push_back({path, true});
    return {};
  }
  Fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) return directory(std::move(fd), path);
  if (means_absent(errno)) return {};
  if (errno != EACCES) return fail_errno("cannot list " + quoted(path), errno);
  // We may not list the directory either, but the files in it may still be ours to read.
  found_.push_back({path, true});
  return {};
}

}  // namespace

Result<std::vector<PrivateFile>> private_files(const std::string& top) {
  Fd fd(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (means_absent(errno) || errno == ELOOP)) return std::vector<PrivateFile>();
  if (!fd) return fail_errno("cannot list " + quoted(top), errno);
  Walk walk;
  TRY(walk.directory(std::move(fd), top));
  return std::move(walk).take();
}

}  // namespace stepbox::sys
