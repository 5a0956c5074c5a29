#include "outputs/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <set>

#include "base/text.hpp"
#include "outputs/collect.hpp"
#include "sys/atomic_file.hpp"
#include "sys/fd.hpp"
#include "sys/open_no_links.hpp"

namespace stepbox::outputs {
namespace {

using std::string;
using std::string_view;

constexpr const char* kName = "journal";
constexpr string_view kHeader = "stepbox outputs 1";
constexpr string_view kEnd = "end";

// An entry by its parent directory, which no link leads to, and its name.
struct Place {
  sys::Fd parent;
  const char* name = nullptr;
  int error = 0;
};

Place place_of(int root, const string& path) {
  Place place;
  const size_t slash = path.rfind('/');
  place.parent = sys::Fd(slash == string::npos ? ::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC) : sys::open_no_links(root, path.substr(0, slash).c_str()));
  if (!place.parent) place.error = errno;
  place.name = path.c_str() + (slash == string::npos ? 0 : slash + 1);
  return place;
}

enum class Seen : uint8_t { absent, same, other };

Seen look(const Place& place, uint64_t inode) {
  struct stat status {};
  if (!place.parent || ::fstatat(place.parent.get(), place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) return Seen::absent;
  return status.st_ino == inode ? Seen::same : Seen::other;
}

// An ordinary user must be able to write to a directory that is to be moved elsewhere (rename(2)): its ".." changes.
class Movable {
 public:
  explicit Movable(const Place& place) {
    struct stat status {};
    if (::fstatat(place.parent.get(), place.name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode)) return;
    if ((status.st_mode & S_IWUSR) != 0 || ::geteuid() == 0) return;
    directory_ = sys::Fd(::openat(place.parent.get(), place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    mode_ = status.st_mode & 07777;
    ::fchmod(directory_.get(), mode_ | S_IWUSR);
  }
  Movable(const Movable&) = delete;
  Movable& operator=(const Movable&) = delete;
  ~Movable() {
    if (directory_) ::fchmod(directory_.get(), mode_);
  }

 private:
  sys::Fd directory_;
  mode_t mode_ = 0;
};

int rename_by(const Place& from, const Place& to, unsigned flags) {
  const Movable from_movable(from);
  const Movable to_movable(to);
  return ::renameat2(from.parent.get(), from.name, to.parent.get(), to.name, flags) == 0 ? 0 : errno;
}

// One move, at its place in the journal.
class Mover {
 public:
  Mover(const Stage& stage, const Move& move, size_t number)
      : move_(move), gone_name_("gone-" + std::to_string(number)), staged_path_("new/" + move.path),
        target_(place_of(stage.destination, move.path)), staged_(place_of(stage.staging, staged_path_)), gone_(place_of(stage.staging, gone_name_)) {}

  int move() {
    if (target_.error != 0) return move_.kind == Move::Kind::remove && target_.error == ENOENT ? 0 : target_.error;
    return move_.kind == Move::Kind::place ? put() : take();
  }

  // Ignoring failures: what could be done could be undone.
  void undo() {
    if (target_.error != 0) return;
    const Seen target = look(target_, move_.inode);
    const bool has_gone = look(gone_, 0) != Seen::absent;
    if (move_.kind == Move::Kind::remove) {
      if (target == Seen::absent && has_gone) rename_by(gone_, target_, RENAME_NOREPLACE);
      return;
    }
    if (target == Seen::same && look(staged_, 0) != Seen::absent) {
      rename_by(staged_, target_, RENAME_EXCHANGE);
      return;
    }
    if (target == Seen::same) rename_by(target_, staged_, RENAME_NOREPLACE);
    if (has_gone) rename_by(gone_, target_, RENAME_NOREPLACE);
  }

 private:
  int put() {
    const Seen target = look(target_, move_.inode);
    if (target == Seen::same) return 0;
    // Done by a killed run, and changed again since.
    if (look(staged_, move_.inode) != Seen::same) return 0;
    if (target == Seen::absent) return rename_by(staged_, target_, RENAME_NOREPLACE);
    const int error = rename_by(staged_, target_, RENAME_EXCHANGE);
    // File systems without an exchange: NFS, old FUSE servers.
    if (error != EINVAL && error != ENOSYS) return error;
    if (const int moved = rename_by(target_, gone_, 0); moved != 0) return moved;
    return rename_by(staged_, target_, 0);
  }
  int take() { return look(target_, move_.inode) == Seen::same ? rename_by(target_, gone_, 0) : 0; }

  const Move& move_;
  string gone_name_;
  string staged_path_;
  Place target_;
  Place staged_;
  Place gone_;
};

// Makes the new names durable. Few directories are synced one by one, since syncfs(2) waits for what all other processes
// have written as well. Returns 0 or an errno.
int sync_names(const Stage& stage, std::span<const Move> moves) {
  constexpr size_t kFew = 64;
  std::set<string> parents;
  for (const Move& move : moves) {
    parents.insert(move.path.substr(0, move.path.contains('/') ? move.path.rfind('/') : 0));
    if (parents.size() > kFew) return ::syncfs(stage.staging) == 0 ? 0 : errno;
  }
  for (const string& parent : parents) {
    const sys::Fd place(parent.empty() ? ::openat(stage.destination, ".", O_PATH | O_DIRECTORY | O_CLOEXEC) : sys::open_no_links(stage.destination, parent.c_str()));
    const sys::Fd readable(place ? ::openat(place.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
    // A directory may be writable but not readable.
    if (readable && ::fsync(readable.get()) != 0) return errno;
  }
  return 0;
}

void undo(const Stage& stage, std::span<const Move> moves) {
  for (size_t i = moves.size(); i-- > 0;) Mover(stage, moves[i], i).undo();
}

bool is_path_below(string_view path) {
  for (const string_view part : split(path, '/'))
    if (part.empty() || part == "." || part == "..") return false;
  return true;
}

string_view next_field(string_view& text) {
  const size_t end = text.find('\0');
  if (end == string_view::npos) return text = {};
  const string_view field = text.substr(0, end);
  text.remove_prefix(end + 1);
  return field;
}

bool read_number(string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<> perform(const Stage& stage, std::span<const Move> moves) {
  for (size_t i = 0; i < moves.size(); ++i) {
    const int error = Mover(stage, moves[i], i).move();
    if (error == 0) continue;
    undo(stage, moves.first(i + 1));
    return fail_errno("cannot put output " + named(moves[i].path) + " into " + quoted(stage.where), error);
  }
  if (const int error = sync_names(stage, moves); error != 0) {
    undo(stage, moves);
    return fail_errno("cannot write the outputs in " + quoted(stage.where) + " to the disk", error);
  }
  return {};
}

Result<> write_journal(const Stage& stage, std::span<const Move> moves) {
  const auto written = sys::write_atomically(stage.staging, kName, journal_text(moves), sys::Sync::yes, 0600);
  if (!written) return fail_errno("cannot write the journal of the outputs in " + quoted(stage.where), written.error());
  return {};
}

void drop_journal(const Stage& stage) {
  ::unlinkat(stage.staging, kName, 0);
  ::fsync(stage.staging);
}

string journal_text(std::span<const Move> moves) {
  string text(kHeader);
  text += '\0';
  for (const Move& move : moves) {
    text += move.kind == Move::Kind::place ? "place" : "remove";
    (text += '\0') += std::to_string(move.inode);
    (text += '\0') += move.path;
    text += '\0';
  }
  return text += string(kEnd) + '\0';
}

std::vector<Move> moves_of(string_view text) {
  std::vector<Move> moves;
  if (next_field(text) != kHeader) return {};
  for (;;) {
    const string_view word = next_field(text);
    if (word == kEnd && text.empty()) return moves;
    if (word != "place" && word != "remove") return {};
    Move move{.kind = word == "place" ? Move::Kind::place : Move::Kind::remove, .path = {}, .inode = 0};
    if (!read_number(next_field(text), move.inode)) return {};
    move.path = next_field(text);
    if (!is_path_below(move.path)) return {};
    moves.push_back(std::move(move));
  }
}

std::vector<Move> read_journal(int staging) {
  const sys::Fd file(::openat(staging, kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  constexpr off_t kLongest = off_t{1} << 30;
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kLongest) return {};
  string text(static_cast<size_t>(status.st_size), '\0');
  size_t length = 0;
  for (ssize_t got = 0; length < text.size() && (got = ::read(file.get(), text.data() + length, text.size() - length)) > 0;) length += static_cast<size_t>(got);
  text.resize(length);
  return moves_of(text);
}

}  // namespace stepbox::outputs
