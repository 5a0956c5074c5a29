#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "report/report.hpp"
#include "sys/atomic_file.hpp"
#include "sys/write_all.hpp"

namespace stepbox::report {
namespace {

struct Remedy {
  int number;
  const char* hint;
};
constexpr Remedy kRemedies[] = {
    {ENOENT, "create the directory first"},
    {ENOTDIR, "name a file in an existing directory"},
    {EISDIR, "name a file in that directory"},
    {EACCES, "name a file in a directory that you can write to"},
    {EPERM, "name a file in a directory that you can write to"},
    {EROFS, "name a file in a directory that you can write to"},
    {ENOSPC, "free some space there, or name a file elsewhere"},
    {EDQUOT, "free some space there, or name a file elsewhere"},
    {EFBIG, "raise the limit on the size of files (ulimit -f)"},
    {EPIPE, "keep the reader running until stepbox has ended"},
    {ENXIO, "start the reader of the fifo before stepbox"},
    {EMFILE, "raise the limit on open files (ulimit -n)"},
    {EBADF, "open that descriptor for writing before stepbox is started"},
};

Error error_for(const std::string& path, int number) {
  Error error = Error::from_errno("cannot write the report to " + quoted(path), number);
  for (const Remedy& remedy : kRemedies)
    if (remedy.number == number) error.hint = remedy.hint;
  return error;
}

// 0 or an errno, so that only Destination makes sentences.
using Errno = int;

Errno errno_unless(bool succeeded) { return succeeded ? 0 : errno; }

// The number in "/dev/fd/3". Opening such a path anew would begin at the start of a file that others
// are appending to, and fails for a socket; the user means the descriptor itself.
std::optional<int> descriptor_named(std::string_view path) {
  if (path == "/dev/stdin") return 0;
  if (path == "/dev/stdout") return 1;
  if (path == "/dev/stderr") return 2;
  for (const std::string_view prefix : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view digits = path.substr(prefix.size());
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size() && number >= 0) return number;
  }
  return std::nullopt;
}

// A copy, so that it lives as long as the destination; a descriptor open only for reading is an error at once.
Result<sys::Fd> copy_of(int number, const std::string& path) {
  const int flags = ::fcntl(number, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return std::unexpected(error_for(path, EBADF));
  sys::Fd copy(::fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!copy) return std::unexpected(error_for(path, errno));
  return copy;
}

Errno write_stream(int directory, const char* name, std::string_view text) {
  // Non-blocking, so that a fifo without a reader is ENXIO and does not hold up a finished run for ever.
  const sys::Fd stream(::openat(directory, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  return stream ? sys::write_all(stream.get(), text) : errno;
}

enum class Target { regular, stream, unsupported, directory };

// The kind of file that has the name now. A symbolic link, or no file at all, counts as the regular file that will take
// its place.
std::expected<Target, Errno> target_at(int directory, const char* name) {
  struct stat status{};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    // A file that cannot be examined may be one that must not be replaced.
    if (errno != ENOENT) return std::unexpected(errno);
    return Target::regular;
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR: return Target::directory;
    case S_IFIFO:
    case S_IFCHR: return Target::stream;
    case S_IFBLK:
    case S_IFSOCK: return Target::unsupported;
    default: return Target::regular;
  }
}

// The C library uses faccessat2(2), 5.8, which an older container filter refuses with EPERM. The older call answers for
// the real user and his capabilities, as a rule those of stepbox.
Errno may_access(int directory, const char* name, int how) {
  const Errno error = errno_unless(::faccessat(directory, name, how, AT_EACCESS) == 0);
  return error == EPERM ? errno_unless(::syscall(SYS_faccessat, directory, name, how) == 0) : error;
}

Errno check(int directory, const char* name, Target target) {
  switch (target) {
    case Target::directory: return EISDIR;
    case Target::unsupported: return EOPNOTSUPP;
    case Target::stream: return may_access(directory, name, W_OK);
    case Target::regular: return may_access(directory, ".", W_OK | X_OK);
  }
  return 0;
}

}  // namespace

Result<Destination> Destination::open(const std::string& path) {
  Destination destination;
  destination.path_ = path;
  if (path == "-")
    return fail("cannot write the report to '-'", "say /dev/stdout for standard output, ./- for a file of that name");
  if (const std::optional<int> number = descriptor_named(path)) {
    TRY_ASSIGN(destination.descriptor_, copy_of(*number, path));
    return destination;
  }
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  destination.directory_ = sys::Fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!destination.directory_) return std::unexpected(error_for(path, errno));
  // "out/" names no file, and neither does "".
  destination.name_ = name.empty() ? "." : name;
  const auto target = target_at(destination.directory_.get(), destination.name_.c_str());
  if (!target) return std::unexpected(error_for(path, target.error()));
  if (const Errno refused = check(destination.directory_.get(), destination.name_.c_str(), *target))
    return std::unexpected(error_for(path, refused));
  destination.is_stream_ = *target == Target::stream;
  return destination;
}

Result<> Destination::write(std::string_view text) const {
  Errno failed = 0;
  if (descriptor_) {
    failed = sys::write_all(descriptor_.get(), text);
  } else if (is_stream_) {
    failed = write_stream(directory_.get(), name_.c_str(), text);
  } else {
    // As decided before the step ran: a fifo that the step put in the file's place is replaced, not waited for.
    const auto written = sys::write_atomically(directory_.get(), name_.c_str(), text, sys::Sync::yes);
    if (!written) failed = written.error();
  }
  if (failed) return std::unexpected(error_for(path_, failed));
  return {};
}

Result<> Destination::announce(std::string_view text) {
  const auto written = sys::write_atomically(directory_.get(), name_.c_str(), text, sys::Sync::no);
  if (!written) return std::unexpected(error_for(path_, written.error()));
  announced_ = *written;
  return {};
}

void Destination::withdraw() const {
  if (announced_) sys::remove_if_still(directory_.get(), name_.c_str(), *announced_);
}

}  // namespace stepbox::report
