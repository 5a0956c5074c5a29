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

// Nothing if the link is gone.
Result<std::optional<std::string>> read_link(int directory, const char* name) {
  std::string text(256, '\0');
  for (;;) {
    const ssize_t length = ::readlinkat(directory, name, text.data(), text.size());
    if (length < 0 && means_absent(errno)) return std::nullopt;
    if (length < 0) return fail_errno("cannot read the link " + quoted(name), errno);
    if (static_cast<size_t>(length) < text.size()) {
      text.resize(static_cast<size_t>(length));
      return text;
    }
    text.resize(text.size() * 2);
  }
}

using Directory = std::unique_ptr<DIR, CloseDirectory>;

// The next entry; null at the end. readdir(3) tells a failure from the end by errno alone.
Result<const dirent*> next_entry(const Directory& directory, const std::string& path) {
  errno = 0;
  const dirent* entry = ::readdir(directory.get());
  if (entry == nullptr && errno != 0) return fail_errno("cannot list " + quoted(path), errno);
  return entry;
}

// The entry's kind and link. Nothing if it is gone.
Result<std::optional<DirectoryEntry>> examine(int directory, const dirent& entry) {
  unsigned char type = entry.d_type;
  DirectoryEntry made{entry.d_name, PathKind::other, {}};
  if (type == DT_UNKNOWN) {  // some file systems do not tell
    struct stat status {};
    if (::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (means_absent(errno)) return std::nullopt;
      return fail_errno("cannot look at " + quoted(entry.d_name), errno);
    }
    type = static_cast<unsigned char>(IFTODT(status.st_mode));
  }
  if (type == DT_DIR) made.kind = PathKind::directory;
  if (type == DT_REG) made.kind = PathKind::file;
  if (type == DT_LNK) {
    TRY_ASSIGN(std::optional<std::string> link, read_link(directory, entry.d_name));
    if (!link) return std::nullopt;
    made.link = std::move(*link);
  }
  return made;
}

}  // namespace

Result<std::optional<struct stat>> status_of(const std::string& path, Links links) {
  struct stat status {};
  const int flags = links == Links::followed ? 0 : AT_SYMLINK_NOFOLLOW;
  if (::fstatat(AT_FDCWD, path.c_str(), &status, flags) == 0) return status;
  if (means_absent(errno)) return std::nullopt;
  return fail_errno("cannot look at " + quoted(path), errno);
}

Result<PathKind> kind_of(const std::string& path) {
  TRY_ASSIGN(const auto status, status_of(path));
  return status ? kind_from_mode(status->st_mode) : PathKind::missing;
}

Result<std::optional<std::string>> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  if (resolved) return std::string(resolved.get());
  if (means_absent(errno)) return std::nullopt;
  return fail_errno("cannot look at " + quoted(path), errno);
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

Result<std::optional<std::set<std::string, std::less<>>>> list_names(const std::string& path, size_t at_most) {
  const Directory directory(::opendir(path.c_str()));
  if (!directory) return fail_errno("cannot list " + quoted(path), errno);
  std::set<std::string, std::less<>> names;
  for (;;) {
    TRY_ASSIGN(const dirent* entry, next_entry(directory, path));
    if (entry == nullptr) return names;
    if (names.size() >= at_most) return std::nullopt;
    names.insert(entry->d_name);
  }
}

Result<std::vector<DirectoryEntry>> list_directory(const std::string& path) {
  const Directory directory(::opendir(path.c_str()));
  if (!directory) return fail_errno("cannot list " + quoted(path), errno);
  std::vector<DirectoryEntry> entries;
  for (;;) {
    TRY_ASSIGN(const dirent* entry, next_entry(directory, path));
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    auto examined = examine(::dirfd(directory.get()), *entry);
    if (!examined) return std::unexpected(std::move(examined).error().within("cannot list " + quoted(path)));
    if (*examined) entries.push_back(std::move(**examined));
  }
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

}  // namespace stepbox::sys
