#include "cgroup/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ctime>

#include "base/text.hpp"
#include "sys/files.hpp"

namespace stepbox::cgroup {

int write_at(const std::string& directory, std::string_view file, std::string_view value) {
  const sys::Fd fd(::open((directory + "/" + std::string(file)).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  return ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size()) ? 0 : errno;
}

uint64_t number_in(const std::string& directory, const char* file, std::string_view key) {
  const Result<std::string> text = sys::read_file(directory + "/" + file, 4096);
  if (!text) return 0;
  for (std::string_view line : split(*text, '\n')) {
    if (!key.empty()) {
      if (!line.starts_with(key) || !line.substr(key.size()).starts_with(' ')) continue;
      line.remove_prefix(key.size() + 1);
    }
    uint64_t number = 0;
    return std::from_chars(line.data(), line.data() + line.size(), number).ec == std::errc() ? number : 0;
  }
  return 0;
}

int remove_group(const std::string& directory) {
  if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return 0;
  if (errno != EBUSY && errno != ENOTEMPTY) return errno;
  // EBUSY is said of processes and of groups below alike.
  const auto entries = sys::list_directory(directory);
  if (!entries) return entries.error().number == ENOENT ? 0 : entries.error().number;
  for (const sys::DirectoryEntry& entry : *entries)
    if (entry.kind == sys::PathKind::directory)
      if (const int error = remove_group(directory + "/" + entry.name); error != 0) return error;
  return ::rmdir(directory.c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

int remove_group_within(const std::string& directory, int milliseconds) {
  for (int waited = 0, pause = 1;; waited += pause, pause = pause < 50 ? pause * 2 : pause) {
    const int error = remove_group(directory);
    if ((error != EBUSY && error != ENOTEMPTY) || waited >= milliseconds) return error;
    const timespec moment{.tv_sec = 0, .tv_nsec = pause * 1'000'000L};
    ::nanosleep(&moment, nullptr);
  }
}

}  // namespace stepbox::cgroup
