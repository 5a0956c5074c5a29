#include "warm/view.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>

#include "base/text.hpp"
#include "sys/file_content.hpp"
#include "sys/walk.hpp"

namespace stepbox::warm {
namespace {

// A file may be that much larger than the space it takes: more is no cache, and would have to be hashed as zeros.
constexpr uint64_t kMostHole = uint64_t{1} << 30;

constexpr uint32_t kPermissions = 0777;

bool is_same_time(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

// No program can set a file's time of status change: an equal one means that the overlay shows the older file itself.
bool is_same_inode_state(const struct stat& one, const struct stat& other) {
  return one.st_size == other.st_size && one.st_mode == other.st_mode && is_same_time(one.st_mtim, other.st_mtim) &&
         is_same_time(one.st_ctim, other.st_ctim);
}

class Reader : public sys::Visitor {
 public:
  Reader(const ViewTask& task, Listing& listing) : task_(task), listing_(listing) {}

  sys::Descend enter(const sys::WalkedDirectory& directory) override;
  void visit(const sys::WalkedDirectory& in, const char* name, const struct stat& status) override;
  void pass_over(const sys::WalkedDirectory& in, const char* name, int error) override;

  const std::optional<Error>& error() const { return error_; }

 private:
  struct Candidate {
    Source source;
    OlderTree older;
  };

  Result<> take_directory(const sys::WalkedDirectory& directory);
  Result<> take_file(int directory, const char* name, const std::string& path, const struct stat& status);
  Result<> take_link(int directory, const char* name, const std::string& path, const struct stat& status);
  Result<bool> take_if_older(int file, const Candidate& candidate, Entry& entry, const timespec& modified);
  bool take_if_unchanged(const std::string& path, const struct stat& status);
  void add(Entry entry, Source source);
  void keep(Result<> result);
  std::vector<Candidate> candidates() const;

  const ViewTask& task_;
  Listing& listing_;
  uint64_t bytes_ = 0;
  std::optional<Error> error_;
};

void Reader::keep(Result<> result) {
  if (!result && !error_) error_ = std::move(result).error();
}

sys::Descend Reader::enter(const sys::WalkedDirectory& directory) {
  if (error_) return sys::Descend::no;
  const std::string path(directory.path);
  if (ruling_for(task_.rules, path).merge() == WarmMerge::drop) return sys::Descend::no;
  if (!is_entry_path(path)) {
    ++listing_.left_out;
    return sys::Descend::no;
  }
  keep(take_directory(directory));
  return error_ ? sys::Descend::no : sys::Descend::yes;
}

Result<> Reader::take_directory(const sys::WalkedDirectory& directory) {
  struct stat status {};
  if (::fstat(directory.descriptor, &status) != 0) return fail_errno("cannot look at " + quoted(directory.path), errno);
  Entry entry{std::string(directory.path), EntryType::directory, status.st_mode & kPermissions, 0, {}};
  listing_.times[entry.path] = status.st_mtim;
  listing_.entries.push_back(entry);
  return task_.staging.make_directory(entry.path);
}

void Reader::visit(const sys::WalkedDirectory& in, const char* name, const struct stat& status) {
  if (error_) return;
  const std::string path = std::string(in.path) + "/" + name;
  if (ruling_for(task_.rules, path).merge() == WarmMerge::drop) return;
  const bool can_be_kept = (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode)) && is_entry_path(path);
  if (!can_be_kept) {
    ++listing_.left_out;
    return;
  }
  keep(S_ISREG(status.st_mode) ? take_file(in.descriptor, name, path, status) : take_link(in.descriptor, name, path, status));
  bytes_ += static_cast<uint64_t>(status.st_size);
  if (task_.progress) task_.progress(listing_.sources.size(), bytes_);
}

void Reader::pass_over(const sys::WalkedDirectory& in, const char* name, int error) {
  if (error == EXDEV) {
    ++listing_.left_out;
    return;
  }
  keep(fail_errno("cannot read " + quoted(std::string(in.path) + "/" + name), error));
}

std::vector<Reader::Candidate> Reader::candidates() const {
  std::vector<Candidate> found;
  if (task_.base.manifest != nullptr) found.push_back({Source::base, task_.base});
  if (task_.newest.manifest != nullptr) found.push_back({Source::newest, task_.newest});
  return found;
}

bool Reader::take_if_unchanged(const std::string& path, const struct stat& status) {
  if (task_.base.manifest == nullptr) return false;
  const Entry* entry = find_entry(task_.base.manifest->entries, path);
  struct stat older {};
  if (entry == nullptr || ::fstatat(task_.base.tree, path.c_str(), &older, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (!is_same_inode_state(status, older) || entry->size != static_cast<uint64_t>(status.st_size)) return false;
  if (ruling_for(task_.rules, path).times() == WarmTimes::distant && !is_same_time(older.st_mtim, kDistant)) return false;
  add(*entry, Source::base);
  return true;
}

Result<> Reader::take_file(int directory, const char* name, const std::string& path, const struct stat& status) {
  if (take_if_unchanged(path, status)) return {};
  if (static_cast<uint64_t>(status.st_size) > static_cast<uint64_t>(status.st_blocks) * 512 + kMostHole)
    return fail(quoted(path) + " is a file of " + std::to_string(status.st_size) + " bytes that is nearly all hole",
                "remove it, or let a rule drop it");
  const sys::Fd file(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return fail_errno("cannot read " + quoted(path), errno);
  Entry entry{path, EntryType::file, status.st_mode & kPermissions, static_cast<uint64_t>(status.st_size), {}};
  const bool is_distant = ruling_for(task_.rules, path).times() == WarmTimes::distant;
  const timespec modified = is_distant ? kDistant : status.st_mtim;
  for (const Candidate& candidate : candidates()) {
    TRY_ASSIGN(const bool is_taken, take_if_older(file.get(), candidate, entry, modified));
    if (is_taken) return {};
  }
  TRY_ASSIGN(entry.content, task_.staging.copy_file(path, file.get(), entry.mode, modified));
  add(std::move(entry), Source::staging);
  return {};
}

// A file that was only touched, or written again with the same content, costs a link.
Result<bool> Reader::take_if_older(int file, const Candidate& candidate, Entry& entry, const timespec& modified) {
  const Entry* older = find_entry(candidate.older.manifest->entries, entry.path);
  if (older == nullptr || older->type != EntryType::file || older->size != entry.size || older->mode != entry.mode) return false;
  struct stat status {};
  if (::fstatat(candidate.older.tree, entry.path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  // The link shares the time as well. Only a time that a rule sets must be right.
  if (is_same_time(modified, kDistant) && !is_same_time(status.st_mtim, kDistant)) return false;
  digest::Sha256 hasher;
  const int failed = sys::read_content(file, [&hasher](std::string_view bytes) { hasher.update(bytes); });
  if (failed != 0) return fail_errno("cannot read " + quoted(entry.path), failed);
  if (hasher.finish() != older->content) return false;
  add(*older, candidate.source);
  return true;
}

Result<> Reader::take_link(int directory, const char* name, const std::string& path, const struct stat& status) {
  char text[PATH_MAX];
  const ssize_t length = ::readlinkat(directory, name, text, sizeof text);
  if (length < 0) return fail_errno("cannot read " + quoted(path), errno);
  const std::string_view target(text, static_cast<size_t>(length));
  Entry entry{path, EntryType::link, kPermissions, target.size(), digest::sha256(target)};
  for (const Candidate& candidate : candidates()) {
    const Entry* older = find_entry(candidate.older.manifest->entries, path);
    if (older == nullptr || *older != entry) continue;
    add(std::move(entry), candidate.source);
    return {};
  }
  TRY(task_.staging.make_link(path, std::string(target), status.st_mtim));
  add(std::move(entry), Source::staging);
  return {};
}

void Reader::add(Entry entry, Source source) {
  listing_.sources[entry.path] = source;
  listing_.entries.push_back(std::move(entry));
}

// The directories that lead to the warm cache's own: "cache".
Result<> take_parents(const std::string& path, const ViewTask& task, Listing& listing) {
  for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if (listing.times.contains(above)) continue;
    listing.times[above] = kDistant;
    listing.entries.push_back({above, EntryType::directory, 0755, 0, {}});
    TRY(task.staging.make_directory(above));
  }
  return {};
}

}  // namespace

Result<> read_view(const SavedDirectory& directory, const ViewTask& task, Listing& listing) {
  if (!is_entry_path(directory.path)) return fail(quoted(directory.path) + " is no path in a warm cache");
  TRY(take_parents(directory.path, task, listing));
  Reader reader(task, listing);
  const sys::WalkBounds bounds{.other_devices = sys::OtherDevices::visit_files};
  const int failed = sys::walk(directory.view, directory.path, reader, bounds);
  if (reader.error()) return std::unexpected(*reader.error());
  if (failed != 0) return fail_errno("cannot read " + quoted(directory.path), failed);
  return {};
}

}  // namespace stepbox::warm
