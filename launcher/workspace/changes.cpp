#include "workspace/changes.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

#include "sys/descent.hpp"
#include "sys/directory_entries.hpp"
#include "sys/entry_attributes.hpp"
#include "sys/fd.hpp"
#include "sys/same_content.hpp"
#include "sys/walk.hpp"

namespace stepbox::workspace {
namespace {

// No path-based tool gets half as deep. Keeps the walk's own memory at a few MiB.
constexpr size_t kDeepest = 16384;

struct MarkNames {
  const char* opaque;
  const char* redirect;
  const char* metacopy;
  // Not compared: the overlay's own, and labels, which the security module of the host chooses for the copy.
  std::array<std::string_view, 2> not_compared;
};
constexpr MarkNames kTrustedMarks = {"trusted.overlay.opaque", "trusted.overlay.redirect", "trusted.overlay.metacopy", {"trusted.overlay.", "security.selinux"}};
constexpr MarkNames kUserMarks = {"user.overlay.opaque", nullptr, nullptr, {"user.overlay.", "security.selinux"}};

bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

EntryType type_of(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return EntryType::file;
  if (S_ISDIR(status.st_mode)) return EntryType::directory;
  return S_ISLNK(status.st_mode) ? EntryType::link : EntryType::other;
}

// The bytes of a file's content, without holes.
uint64_t content_bytes(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return 0;
  return std::min(static_cast<uint64_t>(status.st_size), static_cast<uint64_t>(status.st_blocks) * 512);
}

bool is_tmpfs(int directory) {
  struct statfs status {};
  return ::fstatfs(directory, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

uint32_t mapped(const std::vector<IdExtent>& extents, uint32_t id) {
  for (const IdExtent& extent : extents)
    if (id >= extent.inside && id - extent.inside < extent.count) return extent.outside + (id - extent.inside);
  return id;
}

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// All that a directory holds.
class TreeSum : public sys::Visitor {
 public:
  TreeSum(CountedOnce& once, ChangeList& list) : once_(once), list_(list) {}

  sys::Descend enter(const sys::WalkedDirectory&) override { return sys::Descend::yes; }
  void visit(const sys::WalkedDirectory&, const char*, const struct stat& status) override {
    if (is_whiteout(status)) return;
    ++files;
    bytes += once_.share(status, content_bytes(status));
  }
  void pass_over(const sys::WalkedDirectory&, const char*, int error) override {
    // The overlay does not show what is mounted in its lower directory.
    if (error != EXDEV) list_.leave_out();
  }

  uint64_t files = 0;
  uint64_t bytes = 0;

 private:
  CountedOnce& once_;
  ChangeList& list_;
};

bool leaves_content(ChangeKind kind) { return kind == ChangeKind::added || kind == ChangeKind::modified; }

// Whether a directory of the upper layer shows nothing.
bool is_empty(int directory) {
  bool is_empty = true;
  sys::for_each_entry(directory, [&](const char* name) {
    struct stat status {};
    is_empty = ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && is_whiteout(status);
    return is_empty;
  });
  return is_empty;
}

class Comparison : public sys::Visitor {
 public:
  Comparison(const OverlayTrees& trees, std::string_view path, const CacheAt& cache_at, ChangeList& list)
      : trees_(trees), marks_(trees.marks == OverlayMarks::trusted ? kTrustedMarks : kUserMarks), upper_is_tmpfs_(is_tmpfs(trees.upper)), root_(path),
        cache_at_(cache_at), list_(list), lower_(trees.lower), merged_(knows_moves() ? trees.merged : -1) {}

  sys::Descend enter(const sys::WalkedDirectory& directory) override;
  void leave() override;
  void visit(const sys::WalkedDirectory& in, const char* name, const struct stat& status) override;
  void pass_over(const sys::WalkedDirectory&, const char*, int) override { list_.leave_out(); }

 private:
  // A directory that the walk is in.
  struct Level {
    bool hides_lower = false;  // the merged view shows nothing of the lower directory here or below
  };
  // A place of a tool's cache that the walk is in.
  struct OpenPlace {
    CachePlace place;
    size_t begin;  // the depth of the directory that is the first component of its name
    size_t depth;  // of the directory itself
    InTreeCache sum;
  };

  bool knows_moves() const { return trees_.marks == OverlayMarks::trusted; }
  std::string path_of(std::string_view directory, std::string_view name) const;
  std::string path_of(std::string_view directory) const;
  bool same_owner(const struct stat& upper, const struct stat& lower) const;
  bool same_attributes(int upper, const char* upper_name, int lower, const char* lower_name) const;

  void compare_root(const sys::WalkedDirectory& root);
  sys::Descend compare_directory(const sys::WalkedDirectory& directory, const char* name);
  std::optional<std::string> moved_from(int directory, const char* name, std::string_view own_path) const;
  void add_moved(const sys::WalkedDirectory& directory, ChangeKind kind, std::string from);
  void add_hidden(const sys::WalkedDirectory& directory, int visible);
  void add_deleted(std::string path, int directory, const char* name, const struct stat& status);

  ChangeKind compare_entry(const sys::WalkedDirectory& in, const char* name, const struct stat& upper, const struct stat& lower) const;
  bool same_file(const sys::WalkedDirectory& in, const char* name, const struct stat& upper, const struct stat& lower) const;
  bool is_metacopy(const sys::WalkedDirectory& in, const char* name, const struct stat& status) const;
  bool same_link(const sys::WalkedDirectory& in, const char* name) const;

  void open_place(const sys::WalkedDirectory& directory);
  // The way from a directory to the one that holds an entry.
  struct Beside {
    int directory;
    const char* way;
  };
  std::optional<CachePlace> place_at(std::string_view path, size_t depth, EntryType type, Beside beside) const;
  void add(Change change);

  const OverlayTrees& trees_;
  const MarkNames& marks_;
  const bool upper_is_tmpfs_;
  const std::string_view root_;
  const CacheAt& cache_at_;
  ChangeList& list_;
  sys::Descent lower_;
  sys::Descent merged_;  // follows only if knows_moves()
  std::vector<Level> levels_;
  std::vector<OpenPlace> places_;
};

// ---- Paths and attributes ----

std::string Comparison::path_of(std::string_view directory, std::string_view name) const {
  std::string path = std::string(directory) + "/" + std::string(name);
  return root_.empty() ? path.substr(1) : path;
}

std::string Comparison::path_of(std::string_view directory) const {
  if (directory.size() == root_.size()) return root_.empty() ? "." : std::string(root_);
  return std::string(root_.empty() ? directory.substr(1) : directory);
}

bool Comparison::same_owner(const struct stat& upper, const struct stat& lower) const {
  return upper.st_uid == mapped(trees_.uids, lower.st_uid) && upper.st_gid == mapped(trees_.gids, lower.st_gid);
}

bool Comparison::same_attributes(int upper, const char* upper_name, int lower, const char* lower_name) const {
  return sys::have_same_attributes(upper, upper_name, lower, lower_name, marks_.not_compared);
}

// ---- Directories ----

sys::Descend Comparison::enter(const sys::WalkedDirectory& directory) {
  if (directory.depth == 0) {
    levels_.push_back({});
    compare_root(directory);
    return sys::Descend::yes;
  }
  const std::string name(last_component(directory.path));
  levels_.push_back({levels_.back().hides_lower});
  open_place(directory);
  if (knows_moves()) merged_.enter(name.c_str());
  return compare_directory(directory, name.c_str());
}

void Comparison::leave() {
  const size_t depth = levels_.size() - 1;
  levels_.pop_back();
  if (depth > 0) {
    lower_.leave();
    if (knows_moves()) merged_.leave();
  }
  if (places_.empty() || places_.back().depth != depth) return;
  if (places_.back().sum.files > 0) list_.add_place(places_.back().place.name, places_.back().sum);
  places_.pop_back();
}

// stepbox made the root of the upper directory itself, like the lower one but for extended attributes. Where it could not
// give it the same owner, its mode is another, too.
void Comparison::compare_root(const sys::WalkedDirectory& root) {
  struct stat upper {};
  struct stat lower {};
  if (::fstat(root.descriptor, &upper) != 0 || ::fstatat(trees_.lower, "", &lower, AT_EMPTY_PATH) != 0) return;
  const bool same = same_owner(upper, lower);
  if (same && upper.st_mode == lower.st_mode) return;
  if (!same && trees_.marks == OverlayMarks::user) return;
  add({.kind = ChangeKind::modified, .type = EntryType::directory, .path = path_of(root.path), .files = 0});
}

sys::Descend Comparison::compare_directory(const sys::WalkedDirectory& directory, const char* name) {
  struct stat upper {};
  struct stat lower {};
  const int missing = lower_.look_at(name, lower);
  lower_.enter(name);
  if (::fstat(directory.descriptor, &upper) != 0 || (missing != 0 && missing != ENOENT) || lower_.problem() != 0) {
    list_.leave_out();
    return sys::Descend::no;
  }
  const bool is_new = missing == ENOENT || is_whiteout(lower);
  if (auto from = moved_from(directory.descriptor, ".", directory.path)) {
    add_moved(directory, is_new ? ChangeKind::added : ChangeKind::modified, std::move(*from));
    return sys::Descend::no;
  }
  if (is_new ? is_empty(directory.descriptor)
             : upper.st_mode != lower.st_mode || !same_owner(upper, lower) ||
                   !same_attributes(directory.descriptor, ".", lower_.directory(), "."))
    add({.kind = is_new ? ChangeKind::added : ChangeKind::modified, .type = EntryType::directory, .path = path_of(directory.path), .files = 0});
  bool& hides_lower = levels_.back().hides_lower;
  // The kernel marks only the topmost of such directories.
  hides_lower = hides_lower || sys::attribute_of(directory.descriptor, ".", marks_.opaque) == "y";
  if (hides_lower && lower_.directory() >= 0) add_hidden(directory, directory.descriptor);
  return sys::Descend::yes;
}

// Where an entry was moved from, as a path like those of the list; nothing if it was not.
std::optional<std::string> Comparison::moved_from(int directory, const char* name, std::string_view own_path) const {
  if (!knows_moves()) return std::nullopt;
  const auto from = sys::attribute_of(directory, name, marks_.redirect);
  if (!from) return std::nullopt;
  const std::string_view own = own_path.substr(root_.size());
  // From the root of the overlay, or in the same directory.
  const std::string whole = from->starts_with('/') ? *from : std::string(own.substr(0, own.rfind('/') + 1)) + *from;
  if (whole == own) return std::nullopt;
  return root_.empty() ? whole.substr(1) : std::string(root_) + whole;
}

void Comparison::add_moved(const sys::WalkedDirectory& directory, ChangeKind kind, std::string from) {
  TreeSum sum(list_.counted_once(), list_);
  if (sys::walk(merged_.directory(), std::string(), sum, {.depth = kDeepest, .other_devices = sys::OtherDevices::visit_files}) != 0) list_.leave_out();
  add({.kind = kind, .type = EntryType::directory, .path = path_of(directory.path), .bytes = sum.bytes, .files = sum.files, .moved_from = std::move(from)});
  if (lower_.directory() >= 0) add_hidden(directory, merged_.directory());
}

// The entries of the lower directory that are not in `visible`, and that no mark in the upper directory deletes.
void Comparison::add_hidden(const sys::WalkedDirectory& directory, int visible) {
  const sys::Fd lower(::openat(lower_.directory(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lower) return list_.leave_out();
  sys::for_each_entry(lower.get(), [&](const char* name) {
    struct stat status {};
    if (::fstatat(visible, name, &status, AT_SYMLINK_NOFOLLOW) == 0) return;
    if (::fstatat(lower.get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) return list_.leave_out();
    if (!is_whiteout(status)) add_deleted(path_of(directory.path, name), lower.get(), name, status);
  });
}

void Comparison::add_deleted(std::string path, int directory, const char* name, const struct stat& status) {
  Change change{.kind = ChangeKind::deleted, .type = type_of(status), .path = std::move(path)};
  if (change.type == EntryType::directory) {
    TreeSum sum(list_.counted_once(), list_);
    const sys::Fd below(::openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (sys::walk(below.get(), std::string(), sum, {.depth = kDeepest}) != 0) list_.leave_out();
    change.files = sum.files;
    change.bytes = sum.bytes;
  } else {
    change.bytes = list_.counted_once().share(status, content_bytes(status));
  }
  add(std::move(change));
}

// ---- Entries that are no directories ----

void Comparison::visit(const sys::WalkedDirectory& in, const char* name, const struct stat& status) {
  struct stat lower {};
  const int missing = lower_.look_at(name, lower);
  if (missing != 0 && missing != ENOENT) return list_.leave_out();
  const bool is_new = missing == ENOENT || is_whiteout(lower);
  if (is_whiteout(status)) {
    // Without anything to delete: the file was the step's own.
    if (!is_new) add_deleted(path_of(in.path, name), lower_.directory(), name, lower);
    return;
  }
  Change change{.kind = is_new ? ChangeKind::added : compare_entry(in, name, status, lower), .type = type_of(status), .path = path_of(in.path, name)};
  struct stat merged = status;
  if (change.kind != ChangeKind::touched && is_metacopy(in, name, status)) {
    if (merged_.look_at(name, merged) != 0) return list_.leave_out();
    change.moved_from = moved_from(in.descriptor, name, std::string(in.path) + "/" + name).value_or("");
  }
  change.bytes = list_.counted_once().share(status, content_bytes(merged));
  if (leaves_content(change.kind)) {
    const std::string path = std::string(in.path) + "/" + name;
    if (const auto place = place_at(path, in.depth + 1, change.type, {in.descriptor, ""})) {
      list_.add_place(place->name, {.tool = std::string(place->tool), .path = change.path, .files = 1, .bytes = change.bytes});
      return list_.add(std::move(change), ChangeList::Listed::no);
    }
  }
  add(std::move(change));
}

// How an entry of both layers differs.
ChangeKind Comparison::compare_entry(const sys::WalkedDirectory& in, const char* name, const struct stat& upper, const struct stat& lower) const {
  if (upper.st_mode != lower.st_mode || !same_owner(upper, lower)) return ChangeKind::modified;
  if (S_ISREG(upper.st_mode)) return same_file(in, name, upper, lower) ? ChangeKind::touched : ChangeKind::modified;
  const bool same = same_attributes(in.descriptor, name, lower_.directory(), name) &&
                    (S_ISLNK(upper.st_mode) ? same_link(in, name) : upper.st_rdev == lower.st_rdev);
  return same ? ChangeKind::touched : ChangeKind::modified;
}

// Two regular files with the same mode and owner. Equal times say nothing: not every file system counts nanoseconds, and
// programs set times. What cannot be read counts as changed.
bool Comparison::same_file(const sys::WalkedDirectory& in, const char* name, const struct stat& upper, const struct stat& lower) const {
  if (upper.st_size != lower.st_size) return false;
  int copy = in.descriptor;
  if (is_metacopy(in, name, upper)) {
    // Without a redirect the content is that of the lower file.
    if (!sys::attribute_of(in.descriptor, name, marks_.redirect)) return same_attributes(in.descriptor, name, lower_.directory(), name);
    copy = merged_.directory();
  }
  const sys::Fd one = sys::open_to_compare(copy, name);
  const sys::Fd other = sys::open_to_compare(lower_.directory(), name);
  return one && other && sys::have_same_attributes(one.get(), other.get(), marks_.not_compared) &&
         sys::same_content(one.get(), other.get(), static_cast<uint64_t>(upper.st_size)) == sys::Sameness::same;
}

// Whether the upper file has no content of its own.
bool Comparison::is_metacopy(const sys::WalkedDirectory& in, const char* name, const struct stat& status) const {
  if (!knows_moves() || !S_ISREG(status.st_mode) || status.st_size == 0) return false;
  // A tmpfs counts no blocks for attributes, as other file systems do.
  if (upper_is_tmpfs_ && status.st_blocks > 0) return false;
  return sys::attribute_of(in.descriptor, name, marks_.metacopy).has_value();
}

bool Comparison::same_link(const sys::WalkedDirectory& in, const char* name) const {
  std::array<char, PATH_MAX> upper{}, lower{};
  const ssize_t length = ::readlinkat(in.descriptor, name, upper.data(), upper.size());
  return length >= 0 && length == ::readlinkat(lower_.directory(), name, lower.data(), lower.size()) && upper == lower;
}

// ---- Caches of tools ----

// The cache that begins at this path, unless the walk is in one that it does not belong to more closely.
std::optional<CachePlace> Comparison::place_at(std::string_view path, size_t depth, EntryType type, Beside beside) const {
  if (!cache_at_) return std::nullopt;
  // The lower directory is still, or already, the one that holds the entry.
  const auto has_beside = [&](const char* name) {
    struct stat status {};
    if (::fstatat(beside.directory, (std::string(beside.way) + name).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return !is_whiteout(status);
    return !levels_.back().hides_lower && lower_.look_at(name, status) == 0;
  };
  auto place = cache_at_(path.substr(root_.size() + 1), type, has_beside);
  if (!place || places_.empty()) return place;
  return depth + 1 == places_.back().begin + place->levels ? place : std::nullopt;
}

void Comparison::open_place(const sys::WalkedDirectory& directory) {
  const auto place = place_at(directory.path, directory.depth, EntryType::directory, {directory.descriptor, "../"});
  if (!place) return;
  places_.push_back({.place = *place,
                     .begin = directory.depth + 1 - place->levels,
                     .depth = directory.depth,
                     .sum = {.tool = std::string(place->tool), .path = path_of(directory.path) + "/"}});
}

void Comparison::add(Change change) {
  if (places_.empty()) return list_.add(std::move(change), ChangeList::Listed::yes);
  if (leaves_content(change.kind)) {
    places_.back().sum.files += change.files;
    places_.back().sum.bytes += change.bytes;
  }
  list_.add(std::move(change), change.kind == ChangeKind::touched ? ChangeList::Listed::yes : ChangeList::Listed::no);
}

}  // namespace

void list_changes(const OverlayTrees& trees, std::string_view path, const CacheAt& cache_at, ChangeList& list) {
  Comparison comparison(trees, path, cache_at, list);
  if (sys::walk(trees.upper, std::string(path), comparison, {.depth = kDeepest}) != 0) list.leave_out();
}

}  // namespace stepbox::workspace
