#include "sys/byte_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.hpp"

namespace stepbox::sys {
namespace {

// In a directory that only the caller can write to, the file is the caller's as well.
Result<> require_own(const std::string& directory) {
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0) return fail_errno("cannot look at " + quoted(directory), errno);
  if (S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return fail(quoted(directory) + " is not a directory that only user " + std::to_string(::geteuid()) + " can write to", "remove it");
}

Result<Fd> open_file(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  const auto open = [&] { return Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600)); };
  Fd file = open();
  if (!file && errno == ENOENT) {
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("cannot make the directory " + quoted(directory), errno);
    file = open();
  }
  if (!file) return fail_errno("cannot open " + quoted(path), errno);
  TRY(require_own(directory));
  return file;
}

}  // namespace

Result<std::optional<ByteLock>> lock_free_byte(const std::string& directory, const std::string& name, uint32_t count, uint32_t start) {
  TRY_ASSIGN(Fd file, open_file(directory, name));
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t byte = (start % count + i) % count;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return ByteLock{std::move(file), byte};
    // POSIX allows both for a lock that another holds; Linux says the first.
    if (errno != EAGAIN && errno != EACCES) return fail_errno("cannot lock " + quoted(directory + "/" + name), errno);
  }
  return std::nullopt;
}

}  // namespace stepbox::sys
