#include "sys/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>

#include "base/text.hpp"
#include "sys/fd.hpp"

namespace stepbox::sys {
namespace {

PathKind kind_from_mode(mode_t mode) {
  if (S_ISDIR(mode)) return PathKind::directory;
  if (S_ISREG(mode)) return PathKind::file;
  return PathKind::other;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::string read_link(int directory, const char* name) {
  std::string text(256, '\0');
  for (;;) {
    const ssize_t length = ::readlinkat(directory, name, text.data(), text.size());
    if (length < 0) return {};
    if (static_cast<size_t>(length) < text.size()) {
      text.resize(static_cast<size_t>(length));
      return text;
    }
    text.resize(text.size() * 2);
  }
}

}  // namespace

PathKind kind_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? kind_from_mode(status.st_mode) : PathKind::missing;
}

std::optional<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  return resolved ? std::optional<std::string>(resolved.get()) : std::nullopt;
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("cannot open " + quoted(path), errno);
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < limit) {
    const ssize_t length = ::read(fd.get(), buffer.data(), std::min(buffer.size(), limit - text.size()));
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return fail_errno("cannot read " + quoted(path), errno);
    if (length == 0) break;
    text.append(buffer.data(), static_cast<size_t>(length));
  }
  return text;
}

std::optional<std::set<std::string, std::less<>>> list_names(const std::string& path, size_t at_most) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (!directory) return std::nullopt;
  std::set<std::string, std::less<>> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (names.size() >= at_most) return std::nullopt;
    names.insert(entry->d_name);
  }
  return names;
}

Result<std::vector<DirectoryEntry>> list_directory(const std::string& path) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (!directory) return fail_errno("cannot list " + quoted(path), errno);
  std::vector<DirectoryEntry> entries;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    DirectoryEntry made{name, PathKind::other, {}};
    if (entry->d_type == DT_DIR) made.kind = PathKind::directory;
    if (entry->d_type == DT_REG) made.kind = PathKind::file;
    if (entry->d_type == DT_LNK) made.link = read_link(::dirfd(directory.get()), entry->d_name);
    if (entry->d_type == DT_UNKNOWN) {  // some file systems do not tell
      struct stat status {};
      if (::fstatat(::dirfd(directory.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      made.kind = kind_from_mode(status.st_mode);
      if (S_ISLNK(status.st_mode)) made.link = read_link(::dirfd(directory.get()), entry->d_name);
    }
    entries.push_back(std::move(made));
  }
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

}  // namespace stepbox::sys
