#include "outputs/collect.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>

#include "base/text.hpp"
#include "model/units.hpp"
#include "sys/walk.hpp"

namespace stepbox::outputs {
namespace {

constexpr mode_t kKeptBits = 01777;  // neither set-user-id nor set-group-id

std::string_view word_for(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFIFO: return "a FIFO";
    case S_IFSOCK: return "a socket";
    case S_IFCHR:
    case S_IFBLK: return "a device";
    default: return "neither a file nor a directory nor a symbolic link";
  }
}

// What one declaration has taken so far.
struct Tally {
  const OutputSpec* spec;
  uint64_t taken = 0;
  uint64_t bytes = 0;
};

// The length, or the allocated blocks where they are clearly more.
uint64_t counted_bytes(const struct stat& status) {
  constexpr uint64_t kSlack = uint64_t{1} << 20;  // file systems round up, and allocate ahead
  const auto length = static_cast<uint64_t>(status.st_size);
  const auto allocated = static_cast<uint64_t>(status.st_blocks) * 512;
  return allocated > length + kSlack ? allocated : length;
}

class Collector : public sys::Visitor {
 public:
  Collector(Found& found, std::span<const OutputSpec* const> specs, const CollectBounds& bounds) : found_(found), bounds_(bounds) {
    for (const OutputSpec* spec : specs) tallies_.push_back({spec});
  }

  Result<> walk(const Source& source, uint8_t index) {
    source_ = &source;
    index_ = index;
    const int failed = sys::walk(source.directory, "", *this, {.other_devices = sys::OtherDevices::walk});
    if (error_) return std::unexpected(std::move(*error_));
    if (failed != 0) return fail_errno("cannot look for outputs in " + place(), failed);
    return {};
  }
  void finish() {
    for (const Tally& tally : tallies_) found_.taken.push_back(tally.taken);
  }

  sys::Descend enter(const sys::WalkedDirectory& directory) override;
  void leave() override { levels_.pop_back(); }
  void visit(const sys::WalkedDirectory& in, const char* name, const struct stat& status) override;
  void pass_over(const sys::WalkedDirectory& in, const char* name, int error) override;

 private:
  struct Level {
    std::string path;
    struct stat status;
    std::vector<OutputMatch> matches;  // one for each tally; those of the other root take nothing
    bool is_listed;
  };

  std::string place() const { return source_->root == OutputRoot::out ? std::string(kOutDirectory) : "the checkout"; }
  std::vector<OutputMatch> matches_below(const char* name) const;
  bool is_of_source(const Tally& tally) const { return tally.spec->pattern.root == source_->root; }
  bool any(const std::vector<OutputMatch>& matches, bool (OutputMatch::*asked)() const) const;
  void list(std::string path, const struct stat& status, bool is_passage);
  void list_passages();
  bool read_link(int directory, const char* name, const std::string& path, std::string& text);
  void count(const std::vector<OutputMatch>& matches, const std::string& path, const struct stat& status);
  void refuse(Error error) {
    if (!error_) error_ = std::move(error);
  }

  Found& found_;
  const CollectBounds& bounds_;
  std::vector<Tally> tallies_;
  const Source* source_ = nullptr;
  uint8_t index_ = 0;
  std::vector<Level> levels_;
  std::optional<Error> error_;
};

std::string below(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : std::string(directory) + "/" + std::string(name);
}

// The walk's paths begin with "/", since its root is called "".
std::string_view relative(std::string_view path) { return path.empty() ? path : path.substr(1); }

std::vector<OutputMatch> Collector::matches_below(const char* name) const {
  std::vector<OutputMatch> matches;
  matches.reserve(tallies_.size());
  for (size_t i = 0; i < tallies_.size(); ++i) matches.push_back(levels_.back().matches[i].entered(tallies_[i].spec->pattern, name));
  return matches;
}

bool Collector::any(const std::vector<OutputMatch>& matches, bool (OutputMatch::*asked)() const) const {
  for (size_t i = 0; i < tallies_.size(); ++i)
    if (is_of_source(tallies_[i]) && (matches[i].*asked)()) return true;
  return false;
}

sys::Descend Collector::enter(const sys::WalkedDirectory& directory) {
  struct stat status {};
  if (::fstat(directory.descriptor, &status) != 0) refuse(Error::from_errno("cannot look at output " + named(relative(directory.path)), errno));
  const std::string path(relative(directory.path));
  const bool is_root = levels_.empty();
  std::vector<OutputMatch> matches;
  if (is_root)
    for (const Tally& tally : tallies_) matches.emplace_back(tally.spec->pattern);
  else
    matches = matches_below(path.c_str() + path.rfind('/') + 1);
  const bool is_left_out = std::ranges::find(bounds_.passed_over, sys::id_of(status)) != bounds_.passed_over.end();
  const bool is_taken = !is_root && !is_left_out && any(matches, &OutputMatch::takes);
  const bool is_of_interest = !is_left_out && any(matches, &OutputMatch::may_take);
  levels_.push_back({path, status, std::move(matches), is_root});
  if (is_taken) {
    list_passages();
    count(levels_.back().matches, path, status);
  }
  return is_of_interest && !error_ ? sys::Descend::yes : sys::Descend::no;
}

void Collector::visit(const sys::WalkedDirectory& in, const char* name, const struct stat& status) {
  if (error_) return;
  const std::vector<OutputMatch> matches = matches_below(name);
  if (!any(matches, &OutputMatch::takes)) return;
  std::string path = below(relative(in.path), name);
  if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
    return refuse({"output " + named(path) + " is " + std::string(word_for(status.st_mode)), "remove it in the step, or name the outputs more narrowly"});
  std::string text;
  if (S_ISLNK(status.st_mode) && !read_link(in.descriptor, name, path, text)) return;
  list_passages();
  count(matches, path, status);
  list(std::move(path), status, false);
  if (!error_) found_.entries.back().link = std::move(text);
}

bool Collector::read_link(int directory, const char* name, const std::string& path, std::string& text) {
  text.resize(PATH_MAX);
  const ssize_t length = ::readlinkat(directory, name, text.data(), text.size());
  if (length < 0) {
    refuse(Error::from_errno("cannot read output " + named(path), errno));
    return false;
  }
  text.resize(static_cast<size_t>(length));
  const std::string reason = reason_against_link(path, text);
  if (!reason.empty())
    refuse({"output " + named(path) + " is a symbolic link to " + named(text) + ", which " + reason, "let it point to an output, by a relative path"});
  text.shrink_to_fit();
  return reason.empty();
}

void Collector::pass_over(const sys::WalkedDirectory& in, const char* name, int error) {
  if (!any(matches_below(name), &OutputMatch::may_take)) return;
  const std::string path = below(relative(in.path), name);
  // Removed, or swapped for something else, by another process while stepbox looked.
  if (error == ENOENT && source_->is_live) return;
  if (error == ENOTDIR || error == ELOOP || error == ESTALE) return refuse({"output " + named(path) + " changed while stepbox read it", "run the step when no other process writes to the checkout"});
  refuse(Error::from_errno("cannot read output " + named(path), error));
}

// Directories on the way to an output that were of no interest until now, and the one the walk is in.
void Collector::list_passages() {
  for (Level& level : levels_) {
    if (level.is_listed) continue;
    level.is_listed = true;
    const bool is_taken = any(level.matches, &OutputMatch::takes);
    list(level.path, level.status, !is_taken);
  }
}

void Collector::list(std::string path, const struct stat& status, bool is_passage) {
  if (path.size() >= PATH_MAX) return refuse({"the path of output " + named(path) + " is longer than " + std::to_string(PATH_MAX - 1) + " bytes"});
  if (found_.entries.size() >= bounds_.entries)
    return refuse({"there are more than " + std::to_string(bounds_.entries) + " outputs; " + named(path) + " is one too many", "name the outputs more narrowly, or let the step pack them into an archive"});
  const OutputKind kind = S_ISDIR(status.st_mode) ? OutputKind::directory : S_ISLNK(status.st_mode) ? OutputKind::link : OutputKind::file;
  const bool is_file = kind == OutputKind::file;
  found_.entries.push_back({.path = std::move(path),
                            .kind = kind,
                            .is_passage = is_passage,
                            .is_linked = is_file && status.st_nlink > 1,
                            .source = index_,
                            .mode = status.st_mode & kKeptBits,
                            .bytes = is_file ? static_cast<uint64_t>(status.st_size) : 0,
                            .allocated = is_file ? static_cast<uint64_t>(status.st_blocks) * 512 : 0,
                            .modified = status.st_mtim,
                            .id = sys::id_of(status),
                            .link = {},
                            .digest = {}});
}

void Collector::count(const std::vector<OutputMatch>& matches, const std::string& path, const struct stat& status) {
  for (size_t i = 0; i < tallies_.size(); ++i) {
    Tally& tally = tallies_[i];
    if (!is_of_source(tally) || !matches[i].takes()) continue;
    ++tally.taken;
    if (!S_ISREG(status.st_mode)) continue;
    const uint64_t bytes = counted_bytes(status);
    const uint64_t most = tally.spec->max_bytes;
    if (bytes > most - tally.bytes)
      return refuse({"output " + named(path) + " (" + human_bytes(bytes) + ") exceeds the " + human_bytes(most) + " that " +
                         quoted(tally.spec->text) + " may hold (" + (most == kDefaultOutputBytes ? "the default of " : "") + "max-size)",
                     "raise max-size of this output, or let the step write less"});
    tally.bytes += bytes;
  }
}

// Two sources may both have a directory, and nothing else.
Result<> unite(std::vector<Entry>& entries) {
  std::ranges::sort(entries, {}, &Entry::path);
  for (size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].path != entries[i - 1].path) continue;
    if (entries[i].kind != OutputKind::directory || entries[i - 1].kind != OutputKind::directory)
      return fail("output " + named(entries[i].path) + " is both in the checkout and in " + std::string(kOutDirectory), "let the step leave it in one of them");
    entries[i].is_passage = entries[i].is_passage && entries[i - 1].is_passage;
    entries[i - 1].path.clear();
  }
  std::erase_if(entries, [](const Entry& entry) { return entry.path.empty(); });
  return {};
}

}  // namespace

Result<Found> collect(std::span<const Source> sources, std::span<const OutputSpec* const> specs, const CollectBounds& bounds) {
  Found found;
  Collector collector(found, specs, bounds);
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto is_of_source = [&](const OutputSpec* spec) { return spec->pattern.root == sources[i].root; };
    if (std::ranges::any_of(specs, is_of_source)) TRY(collector.walk(sources[i], static_cast<uint8_t>(i)));
  }
  collector.finish();
  TRY(unite(found.entries));
  return found;
}

std::string reason_against_link(std::string_view path, std::string_view text) {
  if (text.starts_with('/')) return "is absolute";
  size_t depth = static_cast<size_t>(std::ranges::count(path, '/'));
  bool is_behind_name = false;
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") is_behind_name = true;
    else if (is_behind_name) return "has '..' behind a name";
    else if (depth == 0) return "leads out";
    else --depth;
  }
  return {};
}

std::string named(std::string_view path) {
  constexpr size_t kLongest = 240;
  constexpr size_t kShown = 100;
  if (path.size() <= kLongest) return quoted(path);
  return quoted(path.substr(0, kShown)) + "..." + quoted(path.substr(path.size() - kShown));
}

}  // namespace stepbox::outputs
