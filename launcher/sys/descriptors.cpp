#include "sys/descriptors.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "sys/directory_entries.hpp"
#include "sys/fd.hpp"

namespace stepbox::sys {
namespace {

constexpr unsigned kLast = ~0U;

int close_one_by_one(unsigned first, unsigned last, unsigned flags, int refused) {
  const Fd list(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!list) return refused;
  for_each_entry(list.get(), [&](const char* name) {
    const int fd = std::atoi(name);
    const auto number = static_cast<unsigned>(fd);
    if (fd == list.get() || number < first || number > last) return;
    if (flags == CLOSE_RANGE_CLOEXEC) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    else ::close(fd);
  });
  return 0;
}

int close_between(unsigned first, unsigned last, unsigned flags) {
  if (::syscall(SYS_close_range, first, last, flags) == 0) return 0;
  if (errno != ENOSYS && errno != EPERM) return errno;
  return close_one_by_one(first, last, flags, errno);
}

}  // namespace

int close_all_but(std::span<int> kept) {
  std::ranges::sort(kept);
  unsigned next = 0;
  for (const int fd : kept) {
    if (fd < 0) continue;
    const auto number = static_cast<unsigned>(fd);
    if (number > next)
      if (const int error = close_between(next, number - 1, 0); error != 0) return error;
    next = std::max(next, number + 1);
  }
  return close_between(next, kLast, 0);
}

int close_on_exec_from(unsigned first) { return close_between(first, kLast, CLOSE_RANGE_CLOEXEC); }

}  // namespace stepbox::sys
