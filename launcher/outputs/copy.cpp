#include "outputs/copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/text.hpp"
#include "outputs/copy_file.hpp"
#include "sys/fd.hpp"

namespace stepbox::outputs {
namespace {

constexpr std::chrono::milliseconds kLookEvery{200};

struct ByFile {
  bool operator()(const Entry* a, const Entry* b) const {
    return std::tie(a->source, a->id.device, a->id.inode) < std::tie(b->source, b->id.device, b->id.inode);
  }
};
// Of each file with several names among the outputs, the first, and the others.
using Names = std::map<const Entry*, std::vector<Entry*>, ByFile>;

// Copies the files that it is given by several threads.
class Crew {
 public:
  Crew(std::span<Entry* const> files, const CopyMeans& means) : files_(files), means_(means) {}

  Result<> work(Watch& watch);
  uint64_t without_attributes() const { return without_attributes_; }

 private:
  // Neighbours lie in one directory, and a thread's directories stay open.
  static constexpr size_t kBatch = 32;

  unsigned number_of_threads() const;
  void copy_some();
  void fail_with(Error error);

  std::span<Entry* const> files_;
  const CopyMeans& means_;
  Done done_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned running_ = 0;
  uint64_t without_attributes_ = 0;
  std::optional<Error> error_;
};

unsigned Crew::number_of_threads() const {
  constexpr unsigned kMost = 4;
  const auto batches = static_cast<unsigned>(std::min<size_t>((files_.size() + kBatch - 1) / kBatch, kMost));
  return std::clamp(std::thread::hardware_concurrency(), 1u, std::max(batches, 1u));
}

Result<> Crew::work(Watch& watch) {
  std::vector<std::jthread> threads;
  running_ = number_of_threads();
  for (unsigned i = running_; i > 0; --i) threads.emplace_back([this] { copy_some(); });
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kLookEvery, [this] { return running_ == 0; })) {
    if (watch.look({done_.bytes.load(), done_.files.load()}) || done_.stop) continue;
    error_ = Error{"stepbox was asked to stop"};
    done_.stop = true;
  }
  if (error_) return std::unexpected(std::move(*error_));
  return {};
}

void Crew::copy_some() {
  FileCopier copier(means_, done_);
  for (size_t begin = 0; !done_.stop && (begin = next_.fetch_add(kBatch)) < files_.size();)
    for (size_t i = begin; i < std::min(begin + kBatch, files_.size()) && !done_.stop; ++i)
      if (Result<> copied = copier.copy(*files_[i]); !copied) fail_with(std::move(copied).error());
  const std::scoped_lock lock(mutex_);
  without_attributes_ += copier.without_attributes();
  --running_;
  changed_.notify_all();
}

void Crew::fail_with(Error error) {
  const std::scoped_lock lock(mutex_);
  if (!error_) error_ = std::move(error);
  done_.stop = true;
}

std::unexpected<Error> cannot_write(const Entry& entry, const CopyMeans& means, int error) {
  return std::unexpected(Error::from_errno("cannot write output " + named(entry.path) + " to " + quoted(means.where), error));
}

// Others cannot enter the staging directory above, so a directory needs its mode only at the end.
Result<> make_directories(std::span<const Entry> entries, const CopyMeans& means) {
  for (const Entry& entry : entries)
    if (entry.kind == OutputKind::directory && ::mkdirat(means.target, entry.path.c_str(), 0700) != 0) return cannot_write(entry, means, errno);
  return {};
}

Result<> make_links(std::span<const Entry> entries, const CopyMeans& means) {
  for (const Entry& entry : entries) {
    if (entry.kind != OutputKind::link) continue;
    const timespec times[] = {{0, UTIME_OMIT}, entry.modified};
    if (::symlinkat(entry.link.c_str(), means.target, entry.path.c_str()) != 0 ||
        ::utimensat(means.target, entry.path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
      return cannot_write(entry, means, errno);
  }
  return {};
}

// The deepest first: making an entry changes its directory's time, and may need its permissions.
Result<> finish_directories(std::span<const Entry> entries, const CopyMeans& means) {
  for (size_t i = entries.size(); i-- > 0;) {
    const Entry& entry = entries[i];
    if (entry.kind != OutputKind::directory) continue;
    const timespec times[] = {{0, UTIME_OMIT}, entry.modified};
    if (::utimensat(means.target, entry.path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0 || ::fchmodat(means.target, entry.path.c_str(), entry.mode, 0) != 0)
      return cannot_write(entry, means, errno);
  }
  return {};
}

// The other names of files that have been copied. Returns those that the file system gives no more names to.
Result<std::vector<Entry*>> link_names(const Names& names, const CopyMeans& means) {
  std::vector<Entry*> refused;
  for (const auto& [first, others] : names)
    for (Entry* other : others) {
      other->digest = first->digest;
      if (means.target < 0 || ::linkat(means.target, first->path.c_str(), means.target, other->path.c_str(), 0) == 0) continue;
      if (errno != EMLINK && errno != EPERM && errno != EOPNOTSUPP) return cannot_write(*other, means, errno);
      refused.push_back(other);
    }
  return refused;
}

}  // namespace

Result<CopyNotes> copy(std::span<Entry> entries, const CopyMeans& means, Watch& watch) {
  std::vector<Entry*> files;
  Names names;
  Amount whole;
  for (Entry& entry : entries) {
    if (entry.kind != OutputKind::file) continue;
    if (entry.is_linked) {
      const auto [known, is_first] = names.try_emplace(&entry);
      if (!is_first) {
        known->second.push_back(&entry);
        continue;
      }
    }
    files.push_back(&entry);
    whole.bytes += entry.bytes;
    ++whole.files;
  }
  watch.expect(whole);
  if (means.target >= 0) TRY(make_directories(entries, means));
  CopyNotes notes;
  const auto copy_all = [&](std::span<Entry* const> some) -> Result<> {
    Crew crew(some, means);
    TRY(crew.work(watch));
    notes.without_attributes += crew.without_attributes();
    return {};
  };
  TRY(copy_all(files));
  TRY_ASSIGN(const std::vector<Entry*> refused, link_names(names, means));
  if (!refused.empty()) TRY(copy_all(refused));
  if (means.target < 0) return notes;
  TRY(make_links(entries, means));
  TRY(finish_directories(entries, means));
  return notes;
}

// Few files are synced one by one, since syncfs(2) waits for what all other processes have written as well.
Result<> make_durable(std::span<const Entry> entries, const CopyMeans& means) {
  constexpr size_t kFew = 64;
  if (entries.size() > kFew) {
    if (::syncfs(means.target) == 0) return {};
    return fail_errno("cannot write the outputs for " + quoted(means.where) + " to the disk", errno);
  }
  for (const Entry& entry : entries) {
    if (entry.kind == OutputKind::link) continue;
    // A file that its owner may not read cannot be opened by its name any more: all of the file system, then.
    const sys::Fd place(::openat(means.target, entry.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if ((place ? ::fsync(place.get()) : ::syncfs(means.target)) != 0) return cannot_write(entry, means, errno);
  }
  return ::fsync(means.target) == 0 ? Result<>() : fail_errno("cannot write the outputs for " + quoted(means.where) + " to the disk", errno);
}

}  // namespace stepbox::outputs
