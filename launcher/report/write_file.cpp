// Theory of operation. A text is either whole or not there: the data goes into a file without a name,
// is brought to the disk, and then gets its name with linkat(2). linkat does not replace, so where the
// name is taken the file gets a name of its own first and is renamed over the old one. File systems
// without O_TMPFILE (NFS, FUSE, vfat) start with the name of its own.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "report/report.hpp"

namespace stepbox::report {
namespace {

constexpr mode_t kMode = 0666;  // less the umask, as any program makes its files

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
// are appending to, and fails for a socket; the descriptor itself is what is meant.
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

// A copy, so that it lives as long as the destination; one that is open only for reading is told at once.
Result<sys::Fd> copy_of(int number, const std::string& path) {
  const int flags = ::fcntl(number, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return std::unexpected(error_for(path, EBADF));
  sys::Fd copy(::fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!copy) return std::unexpected(error_for(path, errno));
  return copy;
}

Errno write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // A descriptor that somebody else made non-blocking; its mode is not ours to change.
      pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
      if (::poll(&writable, 1, -1) < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

// A file under a name that nobody else has; the name goes away unless it is renamed.
class TemporaryName {
 public:
  explicit TemporaryName(int directory) : directory_(directory) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (!name_.empty()) ::unlinkat(directory_, name_.c_str(), 0);
  }

  // Calls `make(name)` with ever new names until one is not taken.
  template <class Make>
  Errno claim(Make make) {
    constexpr int kAttempts = 1000;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const std::string name = ".stepbox-report-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
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

enum class Sync { no, yes };

FileId id_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

// A text on its way into a directory.
struct Content {
  std::string_view text;
  Sync sync;
  FileId file{};  // where it is now
};

Errno fill(int file, Content& content) {
  if (const Errno failed = write_all(file, content.text)) return failed;
  struct stat status {};
  if (::fstat(file, &status) != 0) return errno;
  content.file = id_of(status);
  return content.sync == Sync::yes ? errno_unless(::fsync(file) == 0) : 0;
}

// The name itself must survive a crash too. Ignoring failure: some file systems cannot do it, and a
// directory may be writable but not readable; the report is there all the same.
void sync_directory(int directory) {
  const sys::Fd readable(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (readable) ::fsync(readable.get());
}

Errno write_named(int directory, const char* name, Content& content) {
  TemporaryName temporary(directory);
  sys::Fd file;
  const auto create = [&](const char* candidate) {
    file = sys::Fd(::openat(directory, candidate, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kMode));
    return static_cast<bool>(file);
  };
  if (const Errno failed = temporary.claim(create)) return failed;
  if (const Errno failed = fill(file.get(), content)) return failed;
  return temporary.rename_to(name);
}

// Gives an unnamed file its name; it is known by its entry in /proc.
Errno publish(const sys::Fd& file, int directory, const char* name) {
  const std::string self = "/proc/self/fd/" + std::to_string(file.get());
  const auto link_as = [&](const char* as) {
    return ::linkat(AT_FDCWD, self.c_str(), directory, as, AT_SYMLINK_FOLLOW) == 0;
  };
  if (link_as(name)) return 0;
  if (errno != EEXIST) return errno;
  TemporaryName temporary(directory);
  if (const Errno failed = temporary.claim(link_as)) return failed;
  return temporary.rename_to(name);
}

Errno write_unnamed(const sys::Fd& file, int directory, const char* name, Content& content) {
  if (const Errno failed = fill(file.get(), content)) return failed;
  // Whatever is wrong (no /proc is), the old way may work, and says better what does not.
  return publish(file, directory, name) == 0 ? 0 : write_named(directory, name, content);
}

Errno write_regular(int directory, const char* name, Content& content) {
  // File systems refuse O_TMPFILE with more numbers than open(2) lists, so none is told apart.
  const sys::Fd file(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode));
  const Errno failed = file ? write_unnamed(file, directory, name, content) : write_named(directory, name, content);
  if (!failed && content.sync == Sync::yes) sync_directory(directory);
  return failed;
}

Errno write_stream(int directory, const char* name, std::string_view text) {
  // Non-blocking, so that a fifo without a reader is ENXIO and does not hold up a finished run for ever.
  const sys::Fd stream(::openat(directory, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  return stream ? write_all(stream.get(), text) : errno;
}

enum class Target { regular, stream, unsupported, directory };

// What has the name now; a symbolic link counts as the regular file that will take its place, and so does nothing.
std::expected<Target, Errno> target_at(int directory, const char* name) {
  struct stat status{};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    // Of what cannot be looked at nobody knows whether it may be replaced.
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

// The C library asks by faccessat2(2), 5.8, which a container's older filter refuses with EPERM. The call before that
// answers for the real user and his capabilities, as a rule those of stepbox.
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
    failed = write_all(descriptor_.get(), text);
  } else if (is_stream_) {
    failed = write_stream(directory_.get(), name_.c_str(), text);
  } else {
    // As decided before the step ran: a fifo that it put in the file's place is replaced and not waited for.
    Content content{text, Sync::yes};
    failed = write_regular(directory_.get(), name_.c_str(), content);
  }
  if (failed) return std::unexpected(error_for(path_, failed));
  return {};
}

Result<> Destination::announce(std::string_view text) {
  Content content{text, Sync::no};
  if (const Errno failed = write_regular(directory_.get(), name_.c_str(), content))
    return std::unexpected(error_for(path_, failed));
  announced_ = content.file;
  return {};
}

void Destination::withdraw() const {
  struct stat status {};
  if (!announced_ || ::fstatat(directory_.get(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (id_of(status) == *announced_) ::unlinkat(directory_.get(), name_.c_str(), 0);
}

}  // namespace stepbox::report
