#include "warm/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "model/units.hpp"
#include "sys/atomic_file.hpp"
#include "sys/file_content.hpp"
#include "sys/write_all.hpp"
#include "warm/layout.hpp"
#include "warm/make_cache.hpp"
#include "warm/prune.hpp"
#include "warm/staging.hpp"

namespace stepbox::warm {
namespace {

constexpr const char* kList = "stepbox-warm";
constexpr std::string_view kBelow = "tree/";
constexpr uint64_t kLongestList = uint64_t{1} << 30;
constexpr size_t kBlock = 10'240;
constexpr std::chrono::milliseconds kPatience{60'000};

struct FreeArchive {
  void operator()(archive* of) const { ::archive_free(of); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;
struct FreeEntry {
  void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};
using TarEntry = std::unique_ptr<archive_entry, FreeEntry>;

// ---- Packing -------------------------------------------------------------------------------------

// The manifest that says the same on every machine.
Manifest portable(const Manifest& manifest) {
  Manifest list = manifest;
  list.generation.id = list.generation.line = list.parent = "";
  list.generation.saved = list.generation.began = {};
  list.origin = {};
  return list;
}

class Packer {
 public:
  Packer(const OpenGeneration& generation, const Progress& progress) : generation_(generation), progress_(progress) {}

  // Returns 0 or an errno; `error` says more.
  int write(int file);
  std::optional<Error> error;

 private:
  Result<> write_all(int file);
  Result<> set_up(int file);
  Result<> add(const Entry& entry);
  Result<> add_text(const std::string& path, const std::string& text);
  Result<> add_content(const Entry& entry);
  TarEntry make(const std::string& path, unsigned type, uint32_t mode, uint64_t size, time_t modified) const;
  Result<> put(const TarEntry& entry);
  Result<> check(int result) const;

  const OpenGeneration& generation_;
  const Progress& progress_;
  Archive archive_;
  uint64_t files_ = 0;
  uint64_t bytes_ = 0;
};

Result<> Packer::check(int result) const {
  if (result == ARCHIVE_OK) return {};
  const char* text = ::archive_error_string(archive_.get());
  return std::unexpected(Error{text == nullptr ? "cannot write the archive" : text, {}, ::archive_errno(archive_.get())});
}

int Packer::write(int file) {
  error.reset();
  files_ = bytes_ = 0;
  if (auto written = write_all(file); !written) error = std::move(written).error();
  if (!error) return 0;
  return error->number > 0 ? error->number : EIO;
}

// Threads: with none set libzstd makes other bytes than with one. Padding: the same for a pipe and a file.
Result<> Packer::set_up(int file) {
  archive_.reset(::archive_write_new());
  archive* const out = archive_.get();
  TRY(check(::archive_write_set_format_pax_restricted(out)));
  TRY(check(::archive_write_add_filter_zstd(out)));
  TRY(check(::archive_write_set_format_option(out, nullptr, "hdrcharset", "BINARY")));
  TRY(check(::archive_write_set_filter_option(out, "zstd", "compression-level", "6")));
  TRY(check(::archive_write_set_filter_option(out, "zstd", "threads", "1")));
  TRY(check(::archive_write_set_bytes_per_block(out, kBlock)));
  TRY(check(::archive_write_set_bytes_in_last_block(out, 1)));
  return check(::archive_write_open_fd(out, file));
}

TarEntry Packer::make(const std::string& path, unsigned type, uint32_t mode, uint64_t size, time_t modified) const {
  TarEntry entry(::archive_entry_new());
  ::archive_entry_copy_pathname(entry.get(), path.c_str());
  ::archive_entry_set_filetype(entry.get(), type);
  ::archive_entry_set_perm(entry.get(), mode);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  ::archive_entry_set_mtime(entry.get(), modified, 0);
  ::archive_entry_set_uid(entry.get(), 0);
  ::archive_entry_set_gid(entry.get(), 0);
  return entry;
}

Result<> Packer::put(const TarEntry& entry) { return check(::archive_write_header(archive_.get(), entry.get())); }

Result<> Packer::add_text(const std::string& path, const std::string& text) {
  TRY(put(make(path, AE_IFREG, 0644, text.size(), 0)));
  if (::archive_write_data(archive_.get(), text.data(), text.size()) < 0) return check(ARCHIVE_FATAL);
  return {};
}

Result<> Packer::add(const Entry& entry) {
  struct stat status {};
  if (::fstatat(generation_.tree.get(), entry.path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno("cannot look at " + quoted(entry.path), errno);
  const std::string path = std::string(kBelow) + entry.path;
  if (entry.type == EntryType::directory) return put(make(path, AE_IFDIR, entry.mode, 0, status.st_mtim.tv_sec));
  if (entry.type == EntryType::file) {
    TRY(put(make(path, AE_IFREG, entry.mode, entry.size, status.st_mtim.tv_sec)));
    return add_content(entry);
  }
  char text[PATH_MAX];
  const ssize_t length = ::readlinkat(generation_.tree.get(), entry.path.c_str(), text, sizeof text - 1);
  if (length < 0) return fail_errno("cannot read " + quoted(entry.path), errno);
  text[length] = '\0';
  if (digest::sha256({text, static_cast<size_t>(length)}) != entry.content) return fail(quoted(entry.path) + " was changed", "stepbox warm verify");
  const TarEntry link = make(path, AE_IFLNK, entry.mode, 0, status.st_mtim.tv_sec);
  ::archive_entry_copy_symlink(link.get(), text);
  return put(link);
}

Result<> Packer::add_content(const Entry& entry) {
  const sys::Fd file(::openat(generation_.tree.get(), entry.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return fail_errno("cannot read " + quoted(entry.path), errno);
  digest::Sha256 hasher;
  bool is_written = true;
  const int failed = sys::read_content(file.get(), [&](std::string_view bytes) {
    hasher.update(bytes);
    is_written = is_written && ::archive_write_data(archive_.get(), bytes.data(), bytes.size()) == static_cast<la_ssize_t>(bytes.size());
  });
  if (failed != 0) return fail_errno("cannot read " + quoted(entry.path), failed);
  if (hasher.finish() != entry.content) return fail(quoted(entry.path) + " was changed", "stepbox warm verify");
  if (!is_written) return check(ARCHIVE_FATAL);
  bytes_ += entry.size;
  if (progress_) progress_(++files_, bytes_);
  return {};
}

Result<> Packer::write_all(int file) {
  TRY(set_up(file));
  TRY(add_text(kList, to_text(portable(generation_.manifest))));
  for (const Entry& entry : generation_.manifest.entries) TRY(add(entry));
  return check(::archive_write_close(archive_.get()));
}

// ---- Unpacking -----------------------------------------------------------------------------------

constexpr const char* kNotPacked = "give it a file that `stepbox warm pack` has made";

class Unpacker {
 public:
  Unpacker(const std::string& file, const Progress& progress) : file_(file), progress_(progress) {}

  // Reads the list, which says what is to come.
  Result<Manifest> open();
  // Makes all of it.
  Result<> read_into(Staging& staging, const Manifest& list);

 private:
  struct Member {
    archive_entry* entry;  // until the next one
    std::string path;      // without a slash at the end
  };
  Result<std::optional<Member>> next();
  Result<> make(Staging& staging, const Entry& entry, const Member& member);
  Result<> make_file(Staging& staging, const Entry& entry, const timespec& modified);
  std::unexpected<Error> refuse(const std::string& why) const {
    return fail(quoted(file_) + " is refused: " + why, kNotPacked);
  }

  const std::string& file_;
  const Progress& progress_;
  sys::Fd input_;
  Archive archive_;
  uint64_t files_ = 0;
  uint64_t bytes_ = 0;
};

EntryType type_of(archive_entry* entry) {
  const auto type = ::archive_entry_filetype(entry);
  if (::archive_entry_hardlink(entry) != nullptr) return static_cast<EntryType>('?');
  return type == AE_IFREG   ? EntryType::file
         : type == AE_IFDIR ? EntryType::directory
         : type == AE_IFLNK ? EntryType::link
                            : static_cast<EntryType>('?');
}

timespec modified_of(archive_entry* entry) { return {::archive_entry_mtime(entry), 0}; }

Result<std::optional<Unpacker::Member>> Unpacker::next() {
  archive_entry* entry = nullptr;
  const int result = ::archive_read_next_header(archive_.get(), &entry);
  if (result == ARCHIVE_EOF) return std::nullopt;
  const char* why = ::archive_error_string(archive_.get());
  if (result != ARCHIVE_OK) return refuse(why == nullptr ? "it cannot be read" : why);
  const char* path = ::archive_entry_pathname(entry);
  if (path == nullptr) return refuse("a member has no name");
  Member member{entry, path};
  if (type_of(entry) == EntryType::directory && member.path.ends_with('/')) member.path.pop_back();
  return member;
}

Result<Manifest> Unpacker::open() {
  if (file_ != "-") {
    input_ = sys::Fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!input_) return fail_errno("cannot open " + quoted(file_), errno);
  }
  archive_.reset(::archive_read_new());
  ::archive_read_support_format_tar(archive_.get());
  ::archive_read_support_filter_zstd(archive_.get());
  ::archive_read_set_format_option(archive_.get(), "tar", "hdrcharset", "BINARY");
  if (::archive_read_open_fd(archive_.get(), input_ ? input_.get() : STDIN_FILENO, kBlock) != ARCHIVE_OK)
    return refuse("it is no compressed archive");
  TRY_ASSIGN(const std::optional<Member> first, next());
  if (!first || first->path != kList || type_of(first->entry) != EntryType::file) return refuse("it is no packed warm cache");
  if (static_cast<uint64_t>(::archive_entry_size(first->entry)) > kLongestList) return refuse("its list is too long");
  std::string text(static_cast<size_t>(::archive_entry_size(first->entry)), '\0');
  if (::archive_read_data(archive_.get(), text.data(), text.size()) != static_cast<la_ssize_t>(text.size())) return refuse("its list is cut off");
  auto list = manifest_of_text(text);
  if (!list) return refuse("its list cannot be used: " + list.error().message);
  return list;
}

Result<> Unpacker::make_file(Staging& staging, const Entry& entry, const timespec& modified) {
  TRY_ASSIGN(const sys::Fd file, staging.make_file(entry.path));
  digest::Sha256 hasher;
  char buffer[65'536];
  uint64_t left = entry.size;
  for (;;) {
    const la_ssize_t got = ::archive_read_data(archive_.get(), buffer, sizeof buffer);
    if (got < 0) return refuse(quoted(entry.path) + " is damaged");
    if (got == 0) break;
    if (static_cast<uint64_t>(got) > left) return refuse(quoted(entry.path) + " is longer than its list says");
    const std::string_view bytes(buffer, static_cast<size_t>(got));
    left -= bytes.size();
    hasher.update(bytes);
    if (const int failed = sys::write_all(file.get(), bytes); failed != 0) return fail_errno("cannot write " + quoted(entry.path) + " in the warm store", failed);
  }
  if (left != 0 || hasher.finish() != entry.content) return refuse(quoted(entry.path) + " is not what its list says");
  bytes_ += entry.size;
  if (progress_) progress_(++files_, bytes_);
  return staging.finish_file(entry.path, file.get(), entry.mode, modified);
}

Result<> Unpacker::make(Staging& staging, const Entry& entry, const Member& member) {
  const bool is_next = member.path == std::string(kBelow) + entry.path && type_of(member.entry) == entry.type &&
                       (entry.type != EntryType::file || static_cast<uint64_t>(::archive_entry_size(member.entry)) == entry.size);
  if (!is_next) return refuse(quoted(member.path) + " is not what its list says at this place");
  if (entry.type == EntryType::directory) return staging.make_directory(entry.path);
  if (entry.type == EntryType::file) return make_file(staging, entry, modified_of(member.entry));
  const char* text = ::archive_entry_symlink(member.entry);
  if (text == nullptr || digest::sha256(text) != entry.content) return refuse(quoted(entry.path) + " is not what its list says");
  return staging.make_link(entry.path, text, modified_of(member.entry));
}

Result<> Unpacker::read_into(Staging& staging, const Manifest& list) {
  std::vector<std::pair<const Entry*, timespec>> directories;
  for (const Entry& entry : list.entries) {
    TRY_ASSIGN(const std::optional<Member> member, next());
    if (!member) return refuse("it ends before " + quoted(entry.path));
    TRY(make(staging, entry, *member));
    if (entry.type == EntryType::directory) directories.emplace_back(&entry, modified_of(member->entry));
  }
  TRY_ASSIGN(const std::optional<Member> beyond, next());
  if (beyond) return refuse(quoted(beyond->path) + " is not in its list");
  for (auto last = directories.rbegin(); last != directories.rend(); ++last)
    TRY(staging.finish_directory(last->first->path, last->first->mode, last->second));
  return {};
}

struct FileName {
  sys::Fd directory;
  std::string name;
};

Result<FileName> file_name_of(const std::string& file) {
  const size_t slash = file.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : file.substr(0, slash);
  const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return fail(quoted(file) + " is no name for a file");
  sys::Fd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return fail_errno("cannot open the directory " + quoted(directory), errno);
  return FileName{std::move(opened), name};
}

std::string place_of(const std::string& file) { return file == "-" ? "standard input" : lexically_normal("/" + file.substr(file.rfind('/') + 1)).substr(1); }

Result<SaveResult> take_in(const Place& cache, const std::string& name, Unpacker& unpacker, Manifest list, const std::string& file,
                           const WarmBounds& bounds) {
  SaveResult result;
  TRY_ASSIGN(const std::optional<Pinned> newest, pin(cache.path.substr(0, cache.path.rfind('/')), name));
  if (newest && newest->generation.digest == list.generation.digest) {
    result.saving = Saving::unchanged;
    result.generation = newest->generation;
    result.sentence = name + " " + newest->generation.id + " holds all of it already";
    return result;
  }
  TRY_ASSIGN(Staging staging, Staging::create(cache.directory.get()));
  TRY(unpacker.read_into(staging, list));
  list.generation.name = name;
  list.origin = {.run = {}, .host = {}, .checkout = "unpacked from " + place_of(file), .commit = {}};
  result.new_files = list.generation.files;
  result.new_bytes = list.generation.bytes;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  TRY_ASSIGN(result.generation, staging.publish(std::move(list), std::nullopt, now));
  result.saving = Saving::saved;
  result.sentence = "unpacked " + name + " " + result.generation.id + ": " + human_bytes(result.generation.bytes) + " in " +
                    std::to_string(result.generation.files) + " files";
  TRY(prune(cache, bounds, Leave::newest));
  return result;
}

}  // namespace

Result<> pack(const OpenGeneration& generation, const std::string& file, const Progress& progress) {
  Packer packer(generation, progress);
  if (file == "-") {
    if (packer.write(STDOUT_FILENO) == 0) return {};
    return std::unexpected(std::move(*packer.error).within("cannot pack " + generation.pin.generation.name));
  }
  TRY_ASSIGN(const FileName place, file_name_of(file));
  const auto fill = [&packer](int out) { return packer.write(out); };
  const auto written = sys::write_atomically(place.directory.get(), place.name.c_str(), sys::Fill(fill), sys::Sync::yes);
  if (packer.error) return std::unexpected(std::move(*packer.error).within("cannot pack " + generation.pin.generation.name));
  if (!written) return fail_errno("cannot write " + quoted(file), written.error());
  return {};
}

Result<SaveResult> unpack(const std::string& store, const std::string& name, const std::string& file, const WarmBounds& bounds,
                          const Progress& progress) {
  Unpacker unpacker(file, progress);
  TRY_ASSIGN(Manifest list, unpacker.open());
  const std::string chosen = name.empty() ? list.generation.name : name;
  if (!is_warm_name(chosen)) return fail(quoted(file) + " names no warm cache", "--as NAME");
  if (!list.generation.key.empty() && !is_key(list.generation.key)) return fail(quoted(file) + " has a key that cannot be used", kNotPacked);
  TRY_ASSIGN(const Place cache, make_cache(store, chosen));
  TRY_ASSIGN(const std::optional<sys::Fd> lock, lock_cache(cache.directory.get(), kPatience));
  if (!lock) return fail("another save or prune of " + chosen + " does not end", "try again later");
  TRY(clean_up(cache.directory.get()));
  auto result = take_in(cache, chosen, unpacker, std::move(list), file, bounds);
  if (!result) (void)clean_up(cache.directory.get());
  return result;
}

std::string archive_versions() { return ::archive_version_details(); }

}  // namespace stepbox::warm
