#include "warm/staging.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/text.hpp"
#include "sys/file_content.hpp"
#include "sys/write_all.hpp"
#include "warm/layout.hpp"
#include "warm/seal.hpp"

namespace stepbox::warm {
namespace {

constexpr const char* kNew = "unfinished/new";
constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// Syncing files one by one takes milliseconds each. Syncing the file system writes what every other process has
// written as well, but costs the same for any number of files.
constexpr size_t kMostSyncedFiles = 256;
constexpr size_t kMostSyncedDirectories = 4096;

std::unexpected<Error> cannot(const char* what, const std::string& path, int error) {
  return fail_errno(std::string("cannot ") + what + " " + quoted(path) + " in the warm store", error);
}

Result<> sync_path(int above, const std::string& path, int flags) {
  const sys::Fd file(::openat(above, path.c_str(), flags | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return cannot("write to the disk", path, errno);
  return {};
}

Result<> write_synced(int directory, const char* name, std::string_view text) {
  const sys::Fd file(::openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return cannot("make", name, errno);
  if (const int failed = sys::write_all(file.get(), text); failed != 0) return cannot("write", name, failed);
  if (::fsync(file.get()) != 0) return cannot("write to the disk", name, errno);
  return {};
}

// NFS knows no renameat2(2). The name is free, since a save gives names under the lock.
int rename_to_free_name(int directory, const char* from, const char* to) {
  if (::renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) return 0;
  return errno == EINVAL ? ::renameat(directory, from, directory, to) : -1;
}

}  // namespace

Result<Staging> Staging::create(int cache) {
  TRY(open_unfinished(cache));
  if (::mkdirat(cache, kNew, 0700) != 0) return cannot("make", kNew, errno);
  sys::Fd directory(::openat(cache, kNew, kDirectory));
  if (!directory || ::mkdirat(directory.get(), kTree, 0755) != 0) return cannot("make", kNew, errno);
  sys::Fd tree(::openat(directory.get(), kTree, kDirectory));
  if (!tree || ::fchmod(tree.get(), 0755) != 0) return cannot("make", kNew, errno);
  return Staging(cache, std::move(directory), std::move(tree));
}

Result<> Staging::make_directory(const std::string& path) {
  if (::mkdirat(tree_.get(), path.c_str(), 0700) == 0) directories_.push_back(path);
  else if (errno != EEXIST) return cannot("make", path, errno);
  return {};
}

Result<> Staging::finish_directory(const std::string& path, uint32_t mode, const timespec& modified) const {
  const timespec times[2] = {modified, modified};
  if (::fchmodat(tree_.get(), path.c_str(), mode, 0) != 0 || ::utimensat(tree_.get(), path.c_str(), times, 0) != 0)
    return cannot("set the mode of", path, errno);
  return {};
}

Result<sys::Fd> Staging::make_file(const std::string& path) {
  sys::Fd file(::openat(tree_.get(), path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return cannot("make", path, errno);
  new_files_.insert(path);
  return file;
}

Result<> Staging::finish_file(const std::string& path, int file, uint32_t mode, const timespec& modified) {
  const timespec times[2] = {modified, modified};
  if (::fchmod(file, mode) != 0 || ::futimens(file, times) != 0) return cannot("set the mode of", path, errno);
  return {};
}

Result<digest::Sha256Digest> Staging::copy_file(const std::string& path, int from, uint32_t mode, const timespec& modified) {
  TRY_ASSIGN(const sys::Fd file, make_file(path));
  digest::Sha256 hasher;
  const auto hash = [&hasher](std::string_view bytes) { hasher.update(bytes); };
  if (const int failed = sys::copy_content(from, file.get(), hash); failed != 0) return cannot("copy", path, failed);
  TRY(finish_file(path, file.get(), mode, modified));
  return hasher.finish();
}

Result<> Staging::make_link(const std::string& path, const std::string& text, const timespec& modified) {
  const timespec times[2] = {modified, modified};
  if (::symlinkat(text.c_str(), tree_.get(), path.c_str()) != 0 ||
      ::utimensat(tree_.get(), path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    return cannot("make", path, errno);
  return {};
}

Result<bool> Staging::take_over(const std::string& path, int older_tree, const Entry& entry) {
  if (::linkat(older_tree, path.c_str(), tree_.get(), path.c_str(), 0) == 0) return true;
  if (errno != EMLINK && errno != EXDEV && errno != EPERM && errno != EOPNOTSUPP) return cannot("link", path, errno);
  struct stat status {};
  if (::fstatat(older_tree, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return cannot("look at", path, errno);
  if (entry.type == EntryType::link) {
    std::string text(entry.size + 1, '\0');
    const ssize_t length = ::readlinkat(older_tree, path.c_str(), text.data(), text.size());
    if (length != static_cast<ssize_t>(entry.size)) return cannot("read", path, length < 0 ? errno : ESTALE);
    text.resize(entry.size);
    TRY(make_link(path, text, status.st_mtim));
    return false;
  }
  const sys::Fd from(::openat(older_tree, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!from) return cannot("read", path, errno);
  TRY_ASSIGN(const sys::Fd file, make_file(path));
  bool is_shared = false;
  if (const int failed = sys::clone_content(from.get(), file.get(), is_shared); failed != 0) return cannot("copy", path, failed);
  TRY(finish_file(path, file.get(), entry.mode, status.st_mtim));
  return is_shared;
}

Result<> Staging::remove_file(const std::string& path) {
  if (::unlinkat(tree_.get(), path.c_str(), 0) != 0) return cannot("remove", path, errno);
  new_files_.erase(path);
  return {};
}

Result<> Staging::sync_tree() {
  if (new_files_.size() > kMostSyncedFiles || directories_.size() > kMostSyncedDirectories) {
    if (::syncfs(tree_.get()) != 0) return cannot("write to the disk", kTree, errno);
    return {};
  }
  for (const std::string& path : new_files_) TRY(sync_path(tree_.get(), path, O_RDONLY));
  for (const std::string& path : directories_) TRY(sync_path(tree_.get(), path, O_RDONLY | O_DIRECTORY));
  return sync_path(tree_.get(), ".", O_RDONLY | O_DIRECTORY);
}

Result<> Staging::write_description(const Manifest& manifest) {
  const std::string text = to_text(manifest);
  TRY(write_synced(directory_.get(), kManifest, text));
  TRY(write_synced(directory_.get(), kLock, ""));
  Seal seal{manifest.generation, digest::hex(digest::sha256(text)), {}};
  TRY_ASSIGN(seal.marks, take_marks(directory_.get(), manifest.directories));
  TRY(write_synced(directory_.get(), kSeal, to_text(seal)));
  return sync_path(directory_.get(), ".", O_RDONLY | O_DIRECTORY);
}

Result<> Staging::give_name(const WarmGeneration& generation) {
  TRY(make_own_directory(cache_, kGenerations, kGenerations));
  const std::string path = generation_path(generation.id);
  if (rename_to_free_name(cache_, kNew, path.c_str()) != 0) return cannot("name", path, errno);
  TRY(sync_path(cache_, kGenerations, O_RDONLY | O_DIRECTORY));
  TRY(point_at(cache_, kCurrent, generation.id));
  if (generation.key.empty()) return {};
  TRY(make_own_directory(cache_, kKeys, kKeys));
  return point_at(cache_, std::string(kKeys) + "/" + generation.key, generation.id);
}

Result<WarmGeneration> Staging::publish(Manifest manifest, std::optional<WarmGeneration> parent, std::chrono::sys_seconds now) {
  TRY_ASSIGN(const std::vector<std::string> ids, list_generations(cache_));
  TRY_ASSIGN(const std::optional<std::string> current, read_id(cache_, kCurrent));
  const uint64_t last = std::max(ids.empty() ? 0 : number_of_id(ids.back()), current ? number_of_id(*current) : 0);
  WarmGeneration& generation = manifest.generation;
  generation.id = make_generation_id(last + 1, generation.digest);
  generation.saved = now;
  generation.line = parent ? parent->line : generation.id;
  generation.began = parent ? parent->began : now;
  manifest.parent = parent ? parent->id : "";
  TRY(sync_tree());
  TRY(write_description(manifest));
  TRY(give_name(generation));
  TRY(close_unfinished(cache_));
  return generation;
}

Result<> point_at(int cache, const std::string& name, const std::string& id) {
  const std::string made = std::string(kUnfinished) + "/link";
  (void)::unlinkat(cache, made.c_str(), 0);
  if (::symlinkat(id.c_str(), cache, made.c_str()) != 0) return cannot("make", made, errno);
  if (::renameat(cache, made.c_str(), cache, name.c_str()) != 0) return cannot("replace", name, errno);
  const size_t slash = name.rfind('/');
  return sync_path(cache, slash == std::string::npos ? "." : name.substr(0, slash), O_RDONLY | O_DIRECTORY);
}

}  // namespace stepbox::warm
