#include "policy/policy_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "sys/fd.hpp"

namespace stepbox::policy {
namespace {

constexpr size_t kMaxBytes = 1 << 20;

Result<> require_regular(int fd, const std::string& path) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return fail_errno("cannot examine " + quoted(path), errno);
  if (!S_ISREG(facts.st_mode)) return fail("cannot read " + quoted(path) + ": not a regular file");
  return {};
}

Result<std::string> read_all(int fd, const std::string& path) {
  std::string text;
  size_t filled = 0;
  for (;;) {
    text.resize(filled + 16384);
    const ssize_t count = ::read(fd, text.data() + filled, text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("cannot read " + quoted(path), errno);
    filled += static_cast<size_t>(count);
    if (count == 0) break;
    if (filled > kMaxBytes) return fail("cannot read " + quoted(path) + ": larger than 1 MiB");
  }
  text.resize(filled);
  return text;
}

}  // namespace

Result<std::optional<std::string>> read_policy_file(const std::string& path, FileOwner owner) {
  if (path.contains('\0')) return fail("cannot open " + quoted(path) + ": a path cannot hold a NUL byte");
  const int guards = owner == FileOwner::stranger ? O_NOFOLLOW | O_NONBLOCK | O_NOCTTY : 0;
  const sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | guards));
  if (!file) {
    const int number = errno;
    if (number == ENOENT || number == ENOTDIR) return std::nullopt;
    if (number == ELOOP && owner == FileOwner::stranger)
      return fail("cannot read " + quoted(path) + ": not a regular file");
    return fail_errno("cannot open " + quoted(path), number);
  }
  if (owner == FileOwner::stranger) TRY(require_regular(file.get(), path));
  TRY_ASSIGN(std::string text, read_all(file.get(), path));
  return text;
}

}  // namespace stepbox::policy
