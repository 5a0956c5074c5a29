#include "warm/verify.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>

#include "base/text.hpp"
#include "sys/atomic_file.hpp"
#include "sys/file_content.hpp"
#include "sys/walk.hpp"
#include "warm/generation.hpp"
#include "warm/layout.hpp"
#include "warm/seal.hpp"

namespace stepbox::warm {
namespace {

constexpr uint32_t kModeBits = 07777;  // a set-id bit is a difference

class TreeReader : public sys::Visitor {
 public:
  explicit TreeReader(const Progress& progress) : progress_(progress) {}

  sys::Descend enter(const sys::WalkedDirectory& directory) override {
    struct stat status {};
    if (directory.depth == 0) return sys::Descend::yes;
    if (::fstat(directory.descriptor, &status) != 0) keep(fail_errno("cannot look at " + quoted(directory.path), errno));
    content.entries.push_back({below_root(directory.path), EntryType::directory, status.st_mode & kModeBits, 0, {}});
    return sys::Descend::yes;
  }

  void visit(const sys::WalkedDirectory& in, const char* name, const struct stat& status) override {
    const std::string path = below_root(std::string(in.path) + "/" + name);
    if (S_ISREG(status.st_mode)) keep(take_file(in.descriptor, name, path, status));
    else if (S_ISLNK(status.st_mode)) keep(take_link(in.descriptor, name, path));
    else content.others.push_back(path);
    bytes_ += static_cast<uint64_t>(status.st_size);
    if (progress_) progress_(content.entries.size(), bytes_);
  }

  void pass_over(const sys::WalkedDirectory& in, const char* name, int error) override {
    const std::string path = std::string(in.path) + "/" + name;
    if (error == EXDEV) content.others.push_back(below_root(path));
    else keep(fail_errno("cannot read " + quoted(path), error));
  }

  TreeContent content;
  std::optional<Error> failure;

 private:
  static std::string below_root(std::string_view path) { return std::string(path.substr(sizeof "tree")); }

  void keep(Result<> result) {
    if (!result && !failure) failure = std::move(result).error();
  }

  Result<> take_file(int directory, const char* name, const std::string& path, const struct stat& status) {
    const sys::Fd file(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file) return fail_errno("cannot read " + quoted(path), errno);
    digest::Sha256 hasher;
    const int failed = sys::read_content(file.get(), [&hasher](std::string_view bytes) { hasher.update(bytes); });
    if (failed != 0) return fail_errno("cannot read " + quoted(path), failed);
    content.entries.push_back({path, EntryType::file, status.st_mode & kModeBits, static_cast<uint64_t>(status.st_size), hasher.finish()});
    return {};
  }

  Result<> take_link(int directory, const char* name, const std::string& path) {
    char text[PATH_MAX];
    const ssize_t length = ::readlinkat(directory, name, text, sizeof text);
    if (length < 0) return fail_errno("cannot read " + quoted(path), errno);
    const std::string_view target(text, static_cast<size_t>(length));
    content.entries.push_back({path, EntryType::link, 0777, target.size(), digest::sha256(target)});
    return {};
  }

  const Progress& progress_;
  uint64_t bytes_ = 0;
};

void find(Verified& verified, std::string what) {
  ++verified.differences;
  if (verified.findings.size() < kMostFindings) verified.findings.push_back(std::move(what));
}

void compare(const std::vector<Entry>& said, const TreeContent& found, Verified& verified) {
  for (const Entry& entry : said) {
    const Entry* there = find_entry(found.entries, entry.path);
    if (there == nullptr) find(verified, quoted(entry.path) + " is missing");
    else if (*there != entry) find(verified, quoted(entry.path) + " was changed");
  }
  for (const Entry& entry : found.entries)
    if (find_entry(said, entry.path) == nullptr) find(verified, quoted(entry.path) + " was added");
  for (const std::string& path : found.others) find(verified, quoted(path) + " was added");
}

class Verifier {
 public:
  Verifier(const Place& cache, const std::string& id, const Progress& progress) : cache_(cache), id_(id), progress_(progress) {}

  Result<Verified> run();

 private:
  Result<> read_description();
  Result<> set_seal(int directory);

  const Place& cache_;
  const std::string& id_;
  const Progress& progress_;
  Verified verified_;
  std::optional<Seal> seal_;
  std::optional<Manifest> manifest_;
};

// Mistakes in the texts are findings; a text that cannot be read at all is an Error.
Result<> Verifier::read_description() {
  const sys::Fd file(::openat(cache_.directory.get(), generation_path(id_, kSeal).c_str(), O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!file && errno != ENOENT) return fail_errno("cannot read the seal of " + id_, errno);
  std::string text;
  if (file)
    if (const int failed = sys::read_content(file.get(), [&text](std::string_view bytes) { text += bytes; }); failed != 0)
      return fail_errno("cannot read the seal of " + id_, failed);
  if (auto seal = seal_of_text(text); seal) seal_ = std::move(*seal);
  else find(verified_, file ? "its seal cannot be read: " + seal.error().message : "it has no seal: it differed before, or is not whole");
  const auto listed = read_manifest_text(cache_.directory.get(), id_);
  if (!listed && listed.error().number != ENOENT) return std::unexpected(listed.error());
  auto manifest = manifest_of_text(listed.value_or(""));
  if (!manifest) find(verified_, "its manifest cannot be read: " + manifest.error().message);
  else manifest_ = std::move(*manifest);
  if (seal_ && listed && digest::hex(digest::sha256(*listed)) != seal_->manifest_digest) find(verified_, "its manifest was changed");
  if (seal_ && seal_->generation.id != id_) find(verified_, "its seal belongs to " + seal_->generation.id);
  return {};
}

Result<> Verifier::set_seal(int directory) {
  if (!verified_.is_sound) {
    if (::unlinkat(directory, kSeal, 0) != 0 && errno != ENOENT) return fail_errno("cannot break the seal of " + id_, errno);
    return ::fsync(directory) == 0 ? Result<>{} : fail_errno("cannot write to the disk", errno);
  }
  TRY_ASSIGN(std::vector<Mark> marks, take_marks(directory, manifest_->directories));
  if (marks == seal_->marks) return {};
  seal_->marks = std::move(marks);
  const auto written = sys::write_atomically(directory, kSeal, to_text(*seal_), sys::Sync::yes, 0600);
  if (!written) return fail_errno("cannot seal " + id_ + " again", written.error());
  verified_.was_sealed_again = true;
  return {};
}

Result<Verified> Verifier::run() {
  TRY_ASSIGN(const std::optional<sys::Fd> lease, try_lock(cache_.directory.get(), generation_path(id_, kLock), LOCK_SH));
  const sys::Fd directory(::openat(cache_.directory.get(), generation_path(id_).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return fail_errno("cannot open generation " + id_, errno);
  if (!lease) find(verified_, "its lock is missing");
  TRY(read_description());
  if (manifest_) {
    const sys::Fd tree(::openat(directory.get(), kTree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!tree && errno != ENOENT) return fail_errno("cannot open the tree of " + id_, errno);
    TRY_ASSIGN(const TreeContent content, tree ? read_tree(tree.get(), progress_) : Result<TreeContent>());
    compare(manifest_->entries, content, verified_);
  }
  verified_.is_sound = verified_.differences == 0;
  TRY(set_seal(directory.get()));
  return std::move(verified_);
}

}  // namespace

Result<TreeContent> read_tree(int tree, const Progress& progress) {
  TreeReader reader(progress);
  const int failed = sys::walk(tree, "tree", reader, {.other_devices = sys::OtherDevices::visit_files});
  if (reader.failure) return std::unexpected(*reader.failure);
  if (failed != 0) return fail_errno("cannot read the tree of a generation", failed);
  sort_entries(reader.content.entries);
  return std::move(reader.content);
}

Result<Verified> verify(const Place& cache, const std::string& id, const Progress& progress) {
  return Verifier(cache, id, progress).run();
}

}  // namespace stepbox::warm
