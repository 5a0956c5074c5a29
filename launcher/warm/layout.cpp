#include "warm/layout.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/text.hpp"
#include "sys/directory_entries.hpp"
#include "sys/file_id.hpp"
#include "sys/files.hpp"
#include "sys/remove_tree.hpp"
#include "warm/lines.hpp"

namespace stepbox::warm {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

Result<> require_own(int directory, const std::string& path) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return fail_errno("cannot look at " + quoted(path), errno);
  if (status.st_uid != ::geteuid())
    return fail("the warm store " + quoted(path) + " belongs to user " + std::to_string(status.st_uid) +
                    " and not to user " + std::to_string(::geteuid()),
                "remove it, or name another store with STEPBOX_WARM_STORE");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail("users other than its owner can write to the warm store " + quoted(path),
                "chmod 700 " + shell_word(path) + ", and if you do not trust them, stepbox warm verify");
  return {};
}

// Follows a link at the end only for the store itself, which an administrator may have put on another disk.
Result<std::optional<sys::Fd>> open_directory(int above, const std::string& name, const std::string& path) {
  sys::Fd directory(::openat(above, name.c_str(), kDirectory | (above == AT_FDCWD ? 0 : O_NOFOLLOW)));
  if (!directory && errno == ENOENT) return std::nullopt;
  if (!directory) return fail_errno("cannot open " + quoted(path), errno);
  TRY(require_own(directory.get(), path));
  return directory;
}

}  // namespace

bool is_generation_id(std::string_view text) {
  const size_t dash = text.find_first_not_of(kDigits);
  return dash != std::string_view::npos && dash > 0 && dash <= 18 && text[dash] == '-' && text.size() > dash + 1 &&
         text.size() <= dash + 65 && text.find_first_not_of(kHex, dash + 1) == std::string_view::npos;
}

std::string make_generation_id(uint64_t number, std::string_view digest) {
  char text[32];
  std::snprintf(text, sizeof text, "%06llu-", static_cast<unsigned long long>(number));
  return text + std::string(digest.substr(0, 12));
}

uint64_t number_of_id(std::string_view id) { return number_of(id.substr(0, id.find('-'))).value_or(0); }

bool is_key(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && text[0] != '.' && std::ranges::all_of(text, is_plain);
}

std::string generation_path(const std::string& id, const char* name) {
  return std::string(kGenerations) + "/" + id + (*name == '\0' ? "" : "/") + name;
}

Result<std::optional<std::string>> read_id(int cache, const std::string& link) {
  char text[128];
  const ssize_t length = ::readlinkat(cache, link.c_str(), text, sizeof text);
  if (length < 0 && errno == ENOENT) return std::nullopt;
  if (length < 0) return fail_errno("cannot read " + quoted(link) + " of the warm cache", errno);
  std::string id(text, static_cast<size_t>(length));
  if (!is_generation_id(id)) return fail(quoted(link) + " of the warm cache names no generation: " + quoted(id));
  return id;
}

Result<std::vector<std::string>> list_generations(int cache) {
  std::vector<std::string> ids;
  const sys::Fd directory(::openat(cache, kGenerations, kDirectory | O_NOFOLLOW));
  if (!directory && errno == ENOENT) return ids;
  if (!directory) return fail_errno("cannot list the generations", errno);
  const int failed = sys::for_each_entry(directory.get(), [&ids](const char* name) {
    if (is_generation_id(name)) ids.emplace_back(name);
  });
  if (failed != 0) return fail_errno("cannot list the generations", failed);
  std::ranges::sort(ids, {}, [](const std::string& id) { return std::pair(number_of_id(id), id); });
  return ids;
}

Result<std::optional<sys::Fd>> open_own_directory(int above, const std::string& name, const std::string& path) {
  return open_directory(above, name, path);
}

Result<sys::Fd> make_own_directory(int above, const std::string& name, const std::string& path) {
  if (::mkdirat(above, name.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("cannot make the directory " + quoted(path), errno);
  TRY_ASSIGN(std::optional<sys::Fd> directory, open_directory(above, name, path));
  if (!directory) return fail(quoted(path) + " was removed while it was made");
  return std::move(*directory);
}

// The name must still be the file that was locked: a generation may have been moved away between open and lock.
Result<std::optional<sys::Fd>> try_lock(int above, const std::string& name, int operation) {
  sys::Fd file(::openat(above, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!file && sys::means_absent(errno)) return std::nullopt;
  if (!file) return fail_errno("cannot open " + quoted(name) + " of the warm cache", errno);
  while (::flock(file.get(), operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR)
      return fail_errno("cannot lock " + quoted(name) + " of the warm cache", errno);
  }
  struct stat locked {};
  struct stat named {};
  if (::fstat(file.get(), &locked) != 0) return fail_errno("cannot look at " + quoted(name), errno);
  if (::fstatat(above, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 || sys::id_of(named) != sys::id_of(locked))
    return std::nullopt;
  return file;
}

Result<std::optional<sys::Fd>> try_lock_cache(int cache) {
  const sys::Fd made(::openat(cache, kLock, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600));
  if (!made) return fail_errno("cannot open the lock of the warm cache", errno);
  return try_lock(cache, kLock, LOCK_EX);
}

Result<sys::Fd> open_unfinished(int cache) {
  if (::mkdirat(cache, kUnfinished, 0700) != 0 && errno != EEXIST)
    return fail_errno("cannot make a directory in the warm store", errno);
  sys::Fd directory(::openat(cache, kUnfinished, kDirectory | O_NOFOLLOW));
  if (!directory) return fail_errno("cannot open a directory of the warm store", errno);
  return directory;
}

Result<> close_unfinished(int cache) {
  const sys::Fd directory(::openat(cache, kUnfinished, kDirectory | O_NOFOLLOW));
  if (!directory && errno == ENOENT) return {};
  if (!directory) return fail_errno("cannot open a directory of the warm store", errno);
  const int failed = sys::remove_tree(directory.get());
  if (failed != 0) return fail_errno("cannot remove an unfinished generation", failed);
  return {};
}

namespace {

// Moves a generation to unfinished/, which exists; false if a box reads it.
Result<bool> put_aside(int cache, const std::string& id) {
  TRY_ASSIGN(const std::optional<sys::Fd> unread, try_lock(cache, generation_path(id, kLock), LOCK_EX));
  // A pin needs the lock file: no box reads a generation without one.
  if (!unread && ::faccessat(cache, generation_path(id, kLock).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return false;
  const std::string target = std::string(kUnfinished) + "/" + id;
  if (::renameat(cache, generation_path(id).c_str(), cache, target.c_str()) != 0)
    return fail_errno("cannot move the generation " + quoted(id), errno);
  return true;
}

}  // namespace

Result<bool> remove_generation(int cache, const std::string& id) {
  TRY(open_unfinished(cache));
  TRY_ASSIGN(const bool is_aside, put_aside(cache, id));
  TRY(close_unfinished(cache));
  return is_aside;
}

// unfinished/ goes last: it is what tells the next run that there is something to do.
Result<> clean_up(int cache) {
  if (::faccessat(cache, kUnfinished, F_OK, AT_SYMLINK_NOFOLLOW) != 0) return {};
  TRY_ASSIGN(const std::optional<std::string> current, read_id(cache, kCurrent));
  TRY_ASSIGN(const std::vector<std::string> ids, list_generations(cache));
  for (const std::string& id : ids) {
    if (current && number_of_id(id) <= number_of_id(*current)) continue;
    TRY(put_aside(cache, id));
  }
  return close_unfinished(cache);
}

}  // namespace stepbox::warm
