#include "cgroup/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <ctime>
#include <utility>

#include "sys/directory_entries.hpp"

namespace stepbox::cgroup {
namespace {

using Clock = std::chrono::steady_clock;

bool is_in_use(int error) { return error == EBUSY || error == ENOTEMPTY; }

// Opens a group that a step has made, after giving back the rights that its owner may have taken away.
sys::Fd open_group_of_step(int above, const char* name) {
  (void)::fchmodat(above, name, 0700, 0);
  return open_group(above, name);
}

struct Removal {
  int removed = 0;
  int error = 0;  // why the first group that stays cannot be removed
  char name[NAME_MAX + 1];
};

// Removes groups up to the first that stays.
void remove_children(int group, Removal& removal, Clock::time_point until) {
  removal.removed = removal.error = 0;
  sys::for_each_entry(group, [&](const char* name) {
    if (::unlinkat(group, name, AT_REMOVEDIR) == 0) {
      ++removal.removed;
    } else if (errno != ENOTDIR && errno != ENOENT) {  // a group's files go with it
      removal.error = errno;
      std::snprintf(removal.name, sizeof removal.name, "%s", name);
    }
    return removal.error == 0 && Clock::now() < until;
  });
}

// 0, or the errno of the first group that stays, EBUSY if it has processes. A living process may make groups as fast as
// they are removed: then EBUSY when the time is over.
int remove_groups_below(int group, Clock::time_point until) {
  Removal removal;
  sys::Fd below;
  for (int depth = 0; Clock::now() < until;) {
    const int here = depth == 0 ? group : below.get();
    remove_children(here, removal, until);
    if (removal.error != 0 && !is_in_use(removal.error)) return removal.error;
    const bool is_empty = removal.error == 0;
    if (is_empty && depth == 0) return 0;
    // The group was in use and has no groups below: it has processes.
    if (is_empty && removal.removed == 0) return EBUSY;
    sys::Fd next = is_empty ? open_group(here, "..") : open_group_of_step(here, removal.name);
    // Gone meanwhile: look again.
    if (!next && errno == ENOENT) continue;
    if (!next) return errno;
    depth += is_empty ? -1 : 1;
    below = std::move(next);
  }
  return EBUSY;
}

int remove_group_until(const char* directory, Clock::time_point until) {
  if (::rmdir(directory) == 0 || errno == ENOENT) return 0;
  if (!is_in_use(errno)) return errno;
  const sys::Fd group = open_group(AT_FDCWD, directory);
  if (!group) return errno == ENOENT ? 0 : errno;
  if (const int error = remove_groups_below(group.get(), until); error != 0) return error;
  return ::rmdir(directory) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace

sys::Fd open_group(int above, const char* name) {
  return sys::Fd(::openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int write_at(int group, const char* file, std::string_view value) {
  const sys::Fd fd(::openat(group, file, O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  return ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size()) ? 0 : errno;
}

Text::Text(int group, const char* file) {
  const sys::Fd fd(::openat(group, file, O_RDONLY | O_CLOEXEC));
  const ssize_t length = fd ? ::read(fd.get(), text_, sizeof text_) : 0;
  length_ = static_cast<size_t>(std::max<ssize_t>(length, 0));
}

uint64_t Text::number(std::string_view key) const {
  for (std::string_view rest(text_, length_); !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!key.empty()) {
      if (!line.starts_with(key) || !line.substr(key.size()).starts_with(' ')) continue;
      line.remove_prefix(key.size() + 1);
    }
    uint64_t number = 0;
    return std::from_chars(line.data(), line.data() + line.size(), number).ec == std::errc() ? number : 0;
  }
  return 0;
}

int remove_group(const char* directory, std::chrono::milliseconds limit) {
  return remove_group_until(directory, Clock::now() + limit);
}

int remove_group_patiently(const char* directory, std::chrono::milliseconds limit) {
  const Clock::time_point until = Clock::now() + limit;
  for (int pause = 1;; pause = std::min(pause * 2, 50)) {
    const int error = remove_group_until(directory, until);
    if (!is_in_use(error) || Clock::now() >= until) return error;
    const timespec moment{.tv_sec = 0, .tv_nsec = pause * 1'000'000L};
    ::nanosleep(&moment, nullptr);
  }
}

}  // namespace stepbox::cgroup
