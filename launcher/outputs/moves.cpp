#include "outputs/moves.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "sys/directory_entries.hpp"
#include "sys/fd.hpp"
#include "sys/files.hpp"
#include "sys/open_no_links.hpp"
#include "sys/walk.hpp"

namespace stepbox::outputs {
namespace {

// The status of an entry that no link leads to; nothing if it is absent.
Result<std::optional<struct stat>> status_below(int root, const std::string& path) {
  const sys::Fd place(sys::open_no_links(root, path.c_str()));
  struct stat status {};
  if (place && ::fstat(place.get(), &status) == 0) return status;
  const int error = errno;
  if (sys::means_absent(error)) return std::nullopt;
  if (error != ELOOP) return fail_errno("cannot look at " + named(path) + " in the destination", error);
  // The entry itself may be a link, which is replaced; a link on the way is another matter.
  const size_t slash = path.rfind('/');
  const sys::Fd parent(slash == std::string::npos ? ::openat(root, ".", O_PATH | O_CLOEXEC) : sys::open_no_links(root, path.substr(0, slash).c_str()));
  if (!parent) return fail("output " + named(path) + " would be put through a symbolic link of the destination", "let the step write to where the link points to");
  if (::fstatat(parent.get(), path.c_str() + (slash == std::string::npos ? 0 : slash + 1), &status, AT_SYMLINK_NOFOLLOW) == 0) return status;
  return std::nullopt;
}

// Looks for names that outputs leave out.
class GuardedNames : public sys::Visitor {
 public:
  bool found = false;

  sys::Descend enter(const sys::WalkedDirectory& directory) override {
    const std::string_view path = directory.path;
    if (directory.depth > 0) look(path.substr(path.rfind('/') + 1));
    return found ? sys::Descend::no : sys::Descend::yes;
  }
  void visit(const sys::WalkedDirectory&, const char* name, const struct stat&) override { look(name); }
  void pass_over(const sys::WalkedDirectory&, const char*, int) override { found = true; }

 private:
  void look(std::string_view name) { found = found || is_guarded_name(name); }
};

class Planner {
 public:
  Planner(const Stage& stage, const Tree& tree) : stage_(stage), tree_(tree) {}

  Result<std::vector<Move>> plan() {
    for (const Entry& entry : tree_.entries) {
      if (is_moved_already(entry.path)) continue;
      TRY(plan_entry(entry));
    }
    if (tree_.replaces_checkout) TRY(plan_removals());
    return std::move(moves_);
  }

 private:
  bool is_moved_already(std::string_view path) const { return !whole_.empty() && is_within(path, whole_); }
  // Whether the source shows all that the destination should hold there.
  bool is_truth(const Entry& entry) const { return tree_.replaces_checkout && tree_.sources[entry.source].root == OutputRoot::checkout; }

  Result<> plan_entry(const Entry& entry) {
    TRY_ASSIGN(const std::optional<struct stat> there, status_below(stage_.destination, entry.path));
    if (!there) return place(entry);
    const bool is_directory = S_ISDIR(there->st_mode);
    if (entry.kind == OutputKind::directory && is_directory)
      return is_truth(entry) && !entry.is_passage && !holds_guarded_names(stage_.destination, entry.path) ? place(entry) : Result<>();
    if (entry.kind != OutputKind::directory && !is_directory) return place(entry);
    if (is_truth(entry) && (!is_directory || !holds_guarded_names(stage_.destination, entry.path))) return place(entry);
    return fail("output " + named(entry.path) + " is " + (is_directory ? "no directory" : "a directory") + ", and " + quoted(stage_.where) + " has " +
                    (is_directory ? "a directory" : S_ISLNK(there->st_mode) ? "a symbolic link" : "no directory") + " of that name",
                "remove it there, or name another place with --outputs-to");
  }

  Result<> place(const Entry& entry) {
    struct stat status {};
    if (::fstatat(stage_.staging, ("new/" + entry.path).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno("cannot look at staged output " + named(entry.path), errno);
    moves_.push_back({Move::Kind::place, entry.path, status.st_ino});
    if (entry.kind == OutputKind::directory) whole_ = entry.path;
    return {};
  }

  // What the patterns take in the destination and the step has removed.
  Result<> plan_removals() {
    const Source destination{.root = OutputRoot::checkout, .directory = stage_.destination, .is_live = true};
    std::vector<OutputSpec> unbounded;
    for (const OutputSpec* spec : tree_.specs)
      if (spec->pattern.root == OutputRoot::checkout) (unbounded.emplace_back(*spec)).max_bytes = std::numeric_limits<uint64_t>::max();
    std::vector<const OutputSpec*> specs;
    for (const OutputSpec& spec : unbounded) specs.push_back(&spec);
    auto old = collect(std::span(&destination, 1), specs);
    if (!old) return std::unexpected(std::move(old).error().within("in the destination"));
    std::string gone;
    for (const Entry& entry : old->entries) {
      const bool is_gone_with_parent = !gone.empty() && is_within(entry.path, gone);
      if (entry.is_passage || is_gone_with_parent || is_placed(entry.path) || is_staged(entry.path)) continue;
      if (entry.kind == OutputKind::directory && holds_guarded_names(stage_.destination, entry.path)) continue;
      moves_.push_back({Move::Kind::remove, entry.path, entry.id.inode});
      if (entry.kind == OutputKind::directory) gone = entry.path;
    }
    return {};
  }

  bool is_staged(const std::string& path) const { return std::ranges::binary_search(tree_.entries, path, {}, &Entry::path); }
  // Whether a directory that moves as one contains the path.
  bool is_placed(std::string_view path) {
    if (placed_.empty())
      for (const Move& move : moves_)
        if (move.kind == Move::Kind::place) placed_.insert(move.path);
    for (std::string_view above = path; !above.empty(); above = above.substr(0, above.contains('/') ? above.rfind('/') : 0))
      if (placed_.contains(above)) return true;
    return false;
  }

  const Stage& stage_;
  const Tree& tree_;
  std::vector<Move> moves_;
  std::string whole_;  // the last directory that moves as one
  std::set<std::string, std::less<>> placed_;
};

}  // namespace

bool holds_guarded_names(int root, const std::string& path) {
  const sys::Fd place(sys::open_no_links(root, path.c_str()));
  GuardedNames names;
  return !place || sys::walk(place.get(), "", names) != 0 || names.found;
}

const Move* moves_of_kept(std::span<const Move> moves, const std::string& where, std::span<const std::string> kept) {
  const auto touches = [&](const Move& move) {
    const std::string path = where + "/" + move.path;
    return std::ranges::any_of(kept, [&](const std::string& other) { return is_within(path, other) || is_within(other, path); });
  };
  const auto move = std::ranges::find_if(moves, touches);
  return move == moves.end() ? nullptr : &*move;
}

Result<std::vector<Move>> moves_into(const Stage& stage, const Tree& tree) { return Planner(stage, tree).plan(); }

Result<std::vector<Move>> moves_replacing_all(const Stage& stage) {
  std::vector<Move> moves;
  std::set<std::string, std::less<>> placed;
  const auto inode_of = [](int directory, const char* name) {
    struct stat status {};
    return ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_ino : 0;
  };
  const sys::Fd fresh(::openat(stage.staging, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const sys::Fd old(::openat(stage.destination, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fresh || !old) return fail_errno("cannot list " + quoted(stage.where), errno);
  sys::for_each_entry(fresh.get(), [&](const char* name) {
    placed.insert(name);
    moves.push_back({Move::Kind::place, name, inode_of(fresh.get(), name)});
  });
  sys::for_each_entry(old.get(), [&](const char* name) {
    const std::string_view text = name;
    const bool is_kept = text == "lost+found" || text.starts_with(".stepbox-outputs-") || placed.contains(text);
    if (!is_kept) moves.push_back({Move::Kind::remove, name, inode_of(old.get(), name)});
  });
  std::ranges::sort(moves, {}, &Move::path);
  return moves;
}

}  // namespace stepbox::outputs
