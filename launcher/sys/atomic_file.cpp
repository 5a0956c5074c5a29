// Theory of operation. The content goes into a file without a name (O_TMPFILE), is synced to disk if asked, and then
// gets its name with linkat(2). linkat does not replace, so if the name is taken, the file first gets a temporary name
// and is then renamed over the old one. File systems without O_TMPFILE (NFS, FUSE, vfat) begin with the temporary name.
#include "sys/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "sys/fd.hpp"
#include "sys/write_all.hpp"

namespace stepbox::sys {
namespace {

// An errno, or 0.
using Errno = int;

// A name that no other file has, removed again unless it is renamed.
class TemporaryName {
 public:
  explicit TemporaryName(int directory) : directory_(directory) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (!name_.empty()) ::unlinkat(directory_, name_.c_str(), 0);
  }

  // Calls `make(name)` with new names until one is free.
  template <class Make>
  Errno claim(Make make) {
    constexpr int kAttempts = 1000;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const std::string name = ".stepbox-partial-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
      if (make(name.c_str())) {
        name_ = name;
        return 0;
      }
      if (errno != EEXIST) return errno;
    }
    return EEXIST;
  }

  Errno rename_to(const char* name) {
    if (::renameat(directory_, name_.c_str(), directory_, name) != 0) return errno;
    name_.clear();
    return 0;
  }

 private:
  int directory_;
  std::string name_;
};

class Writer {
 public:
  Writer(int directory, const char* name, const Fill& fill, Sync sync, mode_t mode)
      : directory_(directory), name_(name), fill_(fill), sync_(sync), mode_(mode) {}

  Errno write();
  FileId written() const { return written_; }

 private:
  Errno write_unnamed(const Fd& file);
  Errno write_named();
  Errno fill(int file);
  Errno give_name(const Fd& file) const;
  void sync_directory() const;

  const int directory_;
  const char* const name_;
  const Fill& fill_;
  const Sync sync_;
  const mode_t mode_;
  FileId written_{};
};

Errno Writer::write() {
  // File systems refuse O_TMPFILE with more errnos than open(2) lists, so any failure means the other way.
  const Fd file(::openat(directory_, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode_));
  const Errno failed = file ? write_unnamed(file) : write_named();
  if (failed == 0 && sync_ == Sync::yes) sync_directory();
  return failed;
}

Errno Writer::write_unnamed(const Fd& file) {
  if (const Errno failed = fill(file.get()); failed != 0) return failed;
  // Whatever went wrong (/proc may be missing), the other way may still work; if not, its errno says more.
  return give_name(file) == 0 ? 0 : write_named();
}

Errno Writer::write_named() {
  TemporaryName temporary(directory_);
  Fd file;
  const auto create = [&](const char* candidate) {
    file = Fd(::openat(directory_, candidate, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode_));
    return static_cast<bool>(file);
  };
  if (const Errno failed = temporary.claim(create); failed != 0) return failed;
  if (const Errno failed = fill(file.get()); failed != 0) return failed;
  return temporary.rename_to(name_);
}

Errno Writer::fill(int file) {
  if (const Errno failed = fill_(file); failed != 0) return failed;
  struct stat status {};
  if (::fstat(file, &status) != 0) return errno;
  written_ = id_of(status);
  return sync_ == Sync::no || ::fsync(file) == 0 ? 0 : errno;
}

// linkat(2) finds an unnamed file through its entry in /proc.
Errno Writer::give_name(const Fd& file) const {
  char self[32];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", file.get());
  const auto link_as = [&](const char* as) { return ::linkat(AT_FDCWD, self, directory_, as, AT_SYMLINK_FOLLOW) == 0; };
  if (link_as(name_)) return 0;
  if (errno != EEXIST) return errno;
  TemporaryName temporary(directory_);
  if (const Errno failed = temporary.claim(link_as); failed != 0) return failed;
  return temporary.rename_to(name_);
}

// The name must survive a crash as well. Ignoring failure: some file systems cannot do it, and a directory may be
// writable but not readable; the file is there all the same.
void Writer::sync_directory() const {
  const Fd readable(::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (readable) ::fsync(readable.get());
}

}  // namespace

std::expected<FileId, int> write_atomically(int directory, const char* name, const Fill& fill, Sync sync, mode_t mode) {
  Writer writer(directory, name, fill, sync, mode);
  if (const Errno failed = writer.write(); failed != 0) return std::unexpected(failed);
  return writer.written();
}

std::expected<FileId, int> write_atomically(int directory, const char* name, std::string_view text, Sync sync, mode_t mode) {
  const auto put = [text](int file) { return write_all(file, text); };
  return write_atomically(directory, name, Fill(put), sync, mode);
}

void remove_if_still(int directory, const char* name, FileId file) {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (id_of(status) == file) ::unlinkat(directory, name, 0);
}

}  // namespace stepbox::sys
