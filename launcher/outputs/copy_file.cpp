// Theory of operation. Small files are read, hashed and written piece by piece while the piece is in the processor's
// cache. A large file is copied by one thread and hashed by another, piece by piece through a ring of buffers: each of
// the two takes about as long as cp(1).
#include "outputs/copy_file.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include "base/text.hpp"
#include "sys/open_no_links.hpp"

namespace stepbox::outputs {
namespace {

constexpr size_t kPiece = size_t{256} << 10;
// From here on a second thread pays.
constexpr uint64_t kLarge = uint64_t{8} << 20;
// How much is written before the kernel is asked to begin with the disk, so that it does not all wait for the end.
constexpr uint64_t kWriteBehind = uint64_t{16} << 20;

constexpr const char* kRoomHint = "free some space there, or name another place with --outputs-to";

bool is_about_room(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

// Hashes the pieces of a file in their order. The caller fills the buffer, and may read it until it asks for the next.
class Hashing {
 public:
  virtual ~Hashing() = default;
  virtual std::span<std::byte> next_buffer() = 0;
  virtual void hash(size_t length) = 0;  // the beginning of the buffer
  virtual digest::Sha256Digest finish() = 0;
};

class HashingHere : public Hashing {
 public:
  explicit HashingHere(std::span<std::byte> buffer) : buffer_(buffer) {}
  std::span<std::byte> next_buffer() override { return buffer_; }
  void hash(size_t length) override { hasher_.update(buffer_.first(length)); }
  digest::Sha256Digest finish() override { return hasher_.finish(); }

 private:
  std::span<std::byte> buffer_;
  digest::Sha256 hasher_;
};

class HashingBeside : public Hashing {
 public:
  HashingBeside() : thread_([this] { run(); }) {}
  ~HashingBeside() override { close(); }

  std::span<std::byte> next_buffer() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return filled_ - emptied_ < kSlots; });
    return slots_[filled_ % kSlots];
  }
  void hash(size_t length) override {
    const std::scoped_lock lock(mutex_);
    lengths_[filled_++ % kSlots] = length;
    changed_.notify_all();
  }
  digest::Sha256Digest finish() override {
    close();
    thread_.join();
    return hasher_.finish();
  }

 private:
  // Enough that neither side waits for the other whenever the scheduler lets it wait: on a busy machine, each wait
  // takes milliseconds.
  static constexpr size_t kSlots = 64;

  void close() {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return filled_ > emptied_ || is_closed_; });
      if (filled_ == emptied_) return;
      const std::span<const std::byte> piece = std::span(slots_[emptied_ % kSlots]).first(lengths_[emptied_ % kSlots]);
      lock.unlock();
      hasher_.update(piece);
      lock.lock();
      ++emptied_;
      changed_.notify_all();
    }
  }
  static std::array<std::vector<std::byte>, kSlots> make_slots() {
    std::array<std::vector<std::byte>, kSlots> slots;
    for (std::vector<std::byte>& slot : slots) slot.resize(kPiece);
    return slots;
  }

  digest::Sha256 hasher_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::vector<std::byte>, kSlots> slots_ = make_slots();
  std::array<size_t, kSlots> lengths_{};
  size_t filled_ = 0;
  size_t emptied_ = 0;
  bool is_closed_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

int write_at(int file, std::span<const std::byte> bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return put < 0 ? errno : ENOSPC;
    bytes = bytes.subspan(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return 0;
}

bool is_sparse(const Entry& entry) { return entry.allocated + 4096 <= entry.bytes; }

// One file's content on its way. Failures are kept for the caller.
class Transfer {
 public:
  enum class Side : uint8_t { source, target };
  struct Failure {
    Side side = Side::source;
    int error = 0;  // 0: the file is shorter than it was
  };

  Transfer(int from, int to, Hashing& hashing, Done& done) : from_(from), to_(to), hashing_(hashing), done_(done) {}

  // Returns false when it failed, or is to stop.
  bool data(uint64_t offset, uint64_t length);
  bool hole(uint64_t length);
  bool whole(uint64_t size, bool may_have_holes);

  const std::optional<Failure>& failure() const { return failure_; }

 private:
  bool fail_at(Side side, int error) {
    failure_ = Failure{side, error};
    return false;
  }
  bool goes_on() const { return !done_.stop.load(std::memory_order_relaxed); }
  void write_behind(uint64_t offset);

  int from_;
  int to_;
  Hashing& hashing_;
  Done& done_;
  uint64_t asked_for_ = 0;
  std::optional<Failure> failure_;
};

bool Transfer::data(uint64_t offset, uint64_t length) {
  for (const uint64_t end = offset + length; offset < end;) {
    const std::span<std::byte> buffer = hashing_.next_buffer();
    const ssize_t got = ::pread(from_, buffer.data(), std::min<uint64_t>(buffer.size(), end - offset), static_cast<off_t>(offset));
    if (got <= 0) return fail_at(Side::source, got < 0 ? errno : 0);
    const auto count = static_cast<size_t>(got);
    hashing_.hash(count);
    if (to_ >= 0)
      if (const int error = write_at(to_, buffer.first(count), offset); error != 0) return fail_at(Side::target, error);
    offset += count;
    write_behind(offset);
    done_.bytes.fetch_add(count, std::memory_order_relaxed);
    if (!goes_on()) return false;
  }
  return true;
}

bool Transfer::hole(uint64_t length) {
  while (length > 0) {
    const std::span<std::byte> buffer = hashing_.next_buffer();
    const size_t count = std::min<uint64_t>(length, buffer.size());
    std::memset(buffer.data(), 0, count);
    hashing_.hash(count);
    length -= count;
    done_.bytes.fetch_add(count, std::memory_order_relaxed);
    if (!goes_on()) return false;
  }
  return true;
}

bool Transfer::whole(uint64_t size, bool may_have_holes) {
  if (!may_have_holes) return data(0, size);
  for (uint64_t at = 0; at < size;) {
    const off_t found = ::lseek(from_, static_cast<off_t>(at), SEEK_DATA);
    if (found < 0 && errno != ENXIO) return fail_at(Side::source, errno);
    const uint64_t begin = found < 0 ? size : std::min(static_cast<uint64_t>(found), size);
    if (!hole(begin - at)) return false;
    const off_t end = begin < size ? ::lseek(from_, static_cast<off_t>(begin), SEEK_HOLE) : static_cast<off_t>(size);
    if (end < 0) return fail_at(Side::source, errno);
    at = std::min(static_cast<uint64_t>(end), size);
    if (!data(begin, at - begin)) return false;
  }
  return to_ < 0 || ::ftruncate(to_, static_cast<off_t>(size)) == 0 || fail_at(Side::target, errno);
}

void Transfer::write_behind(uint64_t offset) {
  if (to_ < 0 || offset - asked_for_ < kWriteBehind) return;
  ::sync_file_range(to_, static_cast<off_t>(asked_for_), static_cast<off_t>(offset - asked_for_), SYNC_FILE_RANGE_WRITE);
  asked_for_ = offset;
}

// Whether an extended attribute may leave the box: those of users, but not what overlays keep there.
bool may_leave(std::string_view name) { return name.starts_with("user.") && !name.starts_with("user.overlay."); }

}  // namespace

const char* name_in(const std::string& path) { return path.c_str() + (path.contains('/') ? path.rfind('/') + 1 : 0); }

int Directories::parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string_view parent = std::string_view(path).substr(0, slash == std::string::npos ? 0 : slash);
  if (parent.empty()) return root_;
  if (open_ && parent == last_) return open_.get();
  last_ = parent;
  open_ = sys::Fd(sys::open_no_links(root_, last_.c_str()));
  return open_.get();
}

FileCopier::FileCopier(const CopyMeans& means, Done& done) : means_(means), done_(done), targets_(means.target), buffer_(kPiece) {
  for (const Source& source : means.sources) sources_.emplace_back(source.directory);
}

std::unexpected<Error> FileCopier::cannot_read(const Entry& entry, int error) const {
  if (error == ELOOP || error == ENOTDIR) return changed(entry);
  return fail_errno("cannot read output " + named(entry.path), error);
}

std::unexpected<Error> FileCopier::cannot_write(const Entry& entry, int error) const {
  Error failure = Error::from_errno("cannot write output " + named(entry.path) + " to " + quoted(means_.where), error);
  if (is_about_room(error)) failure.hint = kRoomHint;
  return std::unexpected(std::move(failure));
}

std::unexpected<Error> FileCopier::changed(const Entry& entry) const {
  return fail("output " + named(entry.path) + " changed while stepbox read it", "run the step when no other process writes to the checkout");
}

// Where other processes may write, the name may stand for a FIFO by now: a place is opened first, and looked at.
Result<sys::Fd> FileCopier::open_source(const Entry& entry) {
  const int parent = sources_[entry.source].parent_of(entry.path);
  const bool is_live = means_.sources[entry.source].is_live;
  if (parent < 0) return cannot_read(entry, errno);
  constexpr int kFlags = O_NOFOLLOW | O_CLOEXEC;
  sys::Fd file(::openat(parent, name_in(entry.path), is_live ? O_PATH | kFlags : O_RDONLY | O_NONBLOCK | kFlags));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return cannot_read(entry, errno);
  if (!S_ISREG(status.st_mode) || sys::id_of(status) != entry.id || static_cast<uint64_t>(status.st_size) != entry.bytes) return changed(entry);
  if (!is_live) return file;
  char itself[32];
  std::snprintf(itself, sizeof itself, "/proc/self/fd/%d", file.get());
  sys::Fd readable(::open(itself, O_RDONLY | O_CLOEXEC));
  if (!readable) return cannot_read(entry, errno);
  return readable;
}

Result<sys::Fd> FileCopier::make_target(const Entry& entry) {
  if (means_.target < 0) return sys::Fd();
  const int parent = targets_.parent_of(entry.path);
  if (parent < 0) return cannot_write(entry, errno);
  sys::Fd file(::openat(parent, name_in(entry.path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return cannot_write(entry, errno);
  return file;
}

Result<> FileCopier::copy(Entry& entry) {
  Files files;
  TRY_ASSIGN(files.from, open_source(entry));
  TRY_ASSIGN(files.to, make_target(entry));
  TRY(copy_content(entry, files));
  if (means_.sources[entry.source].is_live) TRY(check_unchanged(entry, files));
  done_.files.fetch_add(1, std::memory_order_relaxed);
  if (!files.to) return {};
  copy_attributes(files);
  const timespec times[] = {{0, UTIME_OMIT}, entry.modified};
  if (::fchmod(files.to.get(), entry.mode) != 0 || ::futimens(files.to.get(), times) != 0) return cannot_write(entry, errno);
  return {};
}

Result<> FileCopier::copy_content(Entry& entry, const Files& files) {
  std::optional<HashingHere> here;
  std::optional<HashingBeside> beside;
  Hashing& hashing = entry.allocated >= kLarge && entry.bytes >= kLarge ? static_cast<Hashing&>(beside.emplace()) : here.emplace(std::span(buffer_));
  Transfer transfer(files.from.get(), files.to.get(), hashing, done_);
  transfer.whole(entry.bytes, is_sparse(entry));
  entry.digest = hashing.finish();
  if (!transfer.failure()) return {};
  const auto [side, error] = *transfer.failure();
  if (error == 0) return changed(entry);
  return side == Transfer::Side::source ? cannot_read(entry, error) : cannot_write(entry, error);
}

Result<> FileCopier::check_unchanged(const Entry& entry, const Files& files) const {
  struct stat status {};
  if (::fstat(files.from.get(), &status) != 0) return cannot_read(entry, errno);
  const bool is_same = static_cast<uint64_t>(status.st_size) == entry.bytes && status.st_mtim.tv_sec == entry.modified.tv_sec && status.st_mtim.tv_nsec == entry.modified.tv_nsec;
  if (!is_same) return changed(entry);
  return {};
}

// Ignoring what cannot be read: the file's content is what matters.
void FileCopier::copy_attributes(const Files& files) {
  std::array<char, 4096> names;
  ssize_t length = ::flistxattr(files.from.get(), names.data(), names.size());
  std::vector<char> more;
  std::span<const char> list(names.data(), length > 0 ? static_cast<size_t>(length) : 0);
  if (length < 0 && errno == ERANGE) {
    more.resize(XATTR_LIST_MAX);
    length = ::flistxattr(files.from.get(), more.data(), more.size());
    list = std::span<const char>(more).first(length > 0 ? static_cast<size_t>(length) : 0);
  }
  bool is_complete = true;
  for (const std::string_view name : split(std::string_view(list.data(), list.size()), '\0')) {
    if (!may_leave(name)) continue;
    const std::string text(name);
    std::vector<char> value(XATTR_SIZE_MAX);
    const ssize_t size = ::fgetxattr(files.from.get(), text.c_str(), value.data(), value.size());
    is_complete = is_complete && size >= 0 && ::fsetxattr(files.to.get(), text.c_str(), value.data(), static_cast<size_t>(size), 0) == 0;
  }
  if (!is_complete) ++without_attributes_;
}

}  // namespace stepbox::outputs
