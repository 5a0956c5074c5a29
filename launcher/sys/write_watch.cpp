#include "sys/write_watch.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "base/text.hpp"

namespace stepbox::sys {
namespace {

bool is_null_device(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

std::string name_of(int fd) {
  std::array<char, 256> target{};
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  const std::string number = "descriptor " + std::to_string(fd);
  return length <= 0 ? number
                     : number + " (" + escaped(std::string_view(target.data(), static_cast<size_t>(length))) + ")";
}

// One-shot, so that a busy writer cannot flood the queue.
int add(int events, int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return ::inotify_add_watch(events, path.c_str(), IN_MODIFY | IN_ONESHOT);
}

bool take_events(int events) {
  std::array<char, 4096> buffer{};
  bool any = false;
  while (::read(events, buffer.data(), buffer.size()) > 0) any = true;
  return any;
}

// Whether this kernel reports writes to pipes and sockets: some do not.
bool tells_of(const struct stat& status) {
  int ends[2];
  const int made =
      S_ISSOCK(status.st_mode) ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) : ::pipe2(ends, O_CLOEXEC);
  if (made != 0) return false;
  const Fd in(ends[0]);
  const Fd out(ends[1]);
  const Fd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  return events && add(events.get(), out.get()) >= 0 && ::write(out.get(), "x", 1) == 1 && take_events(events.get());
}

std::unexpected<Error> cannot_watch(int fd, int error) {
  std::string what = "cannot watch " + name_of(fd);
  if (error == EACCES) what += ", which another user made";
  return std::unexpected(Error::from_errno(std::move(what), error));
}

Result<> require_watchable(int fd, const struct stat& status) {
  if (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || ::isatty(fd) == 1) {
    if (S_ISREG(status.st_mode) || ::isatty(fd) == 1 || tells_of(status)) return {};
    return fail("cannot watch " + name_of(fd) + ": the kernel reports no writes to it");
  }
  return fail("cannot watch " + name_of(fd) + ": it is not a file, pipe or terminal");
}

}  // namespace

Result<WriteWatch> WriteWatch::open(const std::vector<int>& descriptors) {
  WriteWatch watch;
  watch.events_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.events_) return fail_errno("cannot watch for writes", errno);
  for (const int fd : descriptors) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return cannot_watch(fd, errno);
    if (is_null_device(status)) continue;
    TRY(require_watchable(fd, status));
    const Watched watched{.fd = fd, .is_regular = S_ISREG(status.st_mode)};
    if (!watch.arm(watched)) return cannot_watch(fd, errno);
    watch.watched_.push_back(watched);
  }
  if (watch.watched_.empty()) return fail("cannot watch for writes: all of it goes to /dev/null");
  watch.look();
  return watch;
}

bool WriteWatch::arm(const Watched& watched) const {
  return add(events_.get(), watched.fd) >= 0;
}

bool WriteWatch::look() {
  bool wrote = take_events(events_.get());
  for (Watched& watched : watched_) {
    // Writes from here on belong to the next look.
    if (!arm(watched)) {
      if (!problem_) problem_ = cannot_watch(watched.fd, errno).error();
      wrote = true;
    }
    struct stat status {};
    if (!watched.is_regular || ::fstat(watched.fd, &status) != 0) continue;
    wrote = wrote || status.st_size != watched.size || status.st_mtim.tv_sec != watched.changed.tv_sec ||
            status.st_mtim.tv_nsec != watched.changed.tv_nsec;
    watched.size = status.st_size;
    watched.changed = status.st_mtim;
  }
  return wrote;
}

}  // namespace stepbox::sys
