#include "warm/store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "base/log.hpp"
#include "base/text.hpp"
#include "sys/files.hpp"
#include "warm/layout.hpp"
#include "warm/seal.hpp"

namespace stepbox::warm {
namespace {

// How often a pin looks again when the newest generation was replaced and removed under its eyes.
constexpr int kAttempts = 100;
// `stepbox warm list` has the exclusive lock of a generation for a moment; a prune has it until the generation is gone.
constexpr int kLooksAtLock = 200;
constexpr timespec kBetweenLooks = {0, 1'000'000};

Result<std::string> read_small(int above, const std::string& name) {
  const sys::Fd file(::openat(above, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!file) return fail_errno("cannot read " + quoted(name), errno);
  std::string text;
  char piece[2048];
  while (text.size() < kLongestSeal) {
    const ssize_t got = ::read(file.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read " + quoted(name), errno);
    if (got == 0) break;
    text.append(piece, static_cast<size_t>(got));
  }
  return text;
}

std::unexpected<Error> refuse(const std::string& name, const std::string& id, const std::string& why) {
  return fail("generation " + id + " of the warm cache " + quoted(name) + " is refused: " + why,
              "stepbox warm verify " + name + " compares it with its manifest; stepbox warm prune " + name +
                  " removes it if it differs");
}

// Nothing if the generation is gone or just being removed.
Result<std::optional<sys::Fd>> take_lease(int cache, const std::string& id) {
  const std::string lock = generation_path(id, kLock);
  for (int look = 0; look < kLooksAtLock; ++look) {
    TRY_ASSIGN(std::optional<sys::Fd> lease, try_lock(cache, lock, LOCK_SH));
    if (lease || ::faccessat(cache, lock.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) return lease;
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kBetweenLooks, nullptr);
  }
  return std::nullopt;
}

// A lease on the generation, and what its seal says. Nothing if it was removed meanwhile.
Result<std::optional<Pinned>> pin_in(const Place& cache, const std::string& name, const std::string& id) {
  TRY_ASSIGN(std::optional<sys::Fd> lease, take_lease(cache.directory.get(), id));
  if (!lease) return std::nullopt;
  const auto text = read_small(cache.directory.get(), generation_path(id, kSeal));
  if (!text && sys::means_absent(text.error().number)) return refuse(name, id, "it has no seal");
  if (!text) return std::unexpected(text.error());
  const auto seal = seal_of_text(*text);
  if (!seal) return refuse(name, id, "its seal cannot be read: " + seal.error().message);
  if (seal->generation.id != id || seal->generation.name != name) return refuse(name, id, "its seal belongs to another generation");
  const sys::Fd directory(::openat(cache.directory.get(), generation_path(id).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return fail_errno("cannot open the generation " + id, errno);
  if (const std::string why = what_changed(directory.get(), seal->marks); !why.empty()) return refuse(name, id, why);
  Pinned pinned;
  pinned.generation = seal->generation;
  pinned.tree = cache.path + "/" + generation_path(id, kTree);
  pinned.lease = std::move(*lease);
  return pinned;
}

// What a killed save or prune left behind costs one look.
Result<> clean_up_if_dead(const Place& cache) {
  if (::faccessat(cache.directory.get(), kUnfinished, F_OK, AT_SYMLINK_NOFOLLOW) != 0) return {};
  TRY_ASSIGN(const std::optional<sys::Fd> lock, try_lock_cache(cache.directory.get()));
  if (!lock) return {};
  return clean_up(cache.directory.get());
}

Result<std::optional<Pinned>> pin_with_key(const Place& cache, const std::string& name, const std::string& key) {
  if (key.empty()) return std::nullopt;
  TRY_ASSIGN(const std::optional<std::string> id, read_id(cache.directory.get(), std::string(kKeys) + "/" + key));
  if (!id) return std::nullopt;
  TRY_ASSIGN(std::optional<Pinned> pinned, pin_in(cache, name, *id));
  if (pinned) pinned->has_key = true;
  return pinned;
}

Result<std::optional<Pinned>> pin_newest(const Place& cache, const std::string& name, const std::string& key) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TRY_ASSIGN(const std::optional<std::string> id, read_id(cache.directory.get(), kCurrent));
    if (!id) return std::nullopt;
    TRY_ASSIGN(std::optional<Pinned> pinned, pin_in(cache, name, *id));
    if (!pinned) continue;
    pinned->has_key = !key.empty() && pinned->generation.key == key;
    return pinned;
  }
  return fail("the newest generation of the warm cache " + quoted(name) + " is missing",
              "stepbox warm prune " + name + " makes an older one the newest, if there is one");
}

Result<> check_name(const std::string& name) {
  if (is_warm_name(name)) return {};
  return fail(quoted(name) + " is no name of a warm cache", "use lower-case letters, digits, '.', '_' and '-', at most 64");
}

}  // namespace

bool is_warm_name(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && text[0] != '.' && text[0] != '-' && std::ranges::all_of(text, is_plain);
}

Result<std::string> store_path(bool is_root, const std::function<std::string(const char*)>& variable) {
  if (const std::string chosen = variable("STEPBOX_WARM_STORE"); !chosen.empty()) {
    if (chosen[0] != '/') return fail("STEPBOX_WARM_STORE is not absolute: " + quoted(chosen), "give it an absolute path");
    return lexically_normal(chosen);
  }
  if (is_root) return "/var/lib/stepbox/warm";
  if (const std::string data = variable("XDG_DATA_HOME"); data.starts_with('/')) return lexically_normal(data + "/stepbox/warm");
  const std::string home = variable("HOME");
  if (home.empty()) return fail("there is no place for a warm store: HOME is not set", "set HOME or STEPBOX_WARM_STORE");
  if (home[0] != '/') return fail("HOME is not absolute: " + quoted(home), "set HOME or STEPBOX_WARM_STORE to an absolute path");
  return lexically_normal(home + "/.local/share/stepbox/warm");
}

Result<std::optional<Place>> open_cache(const std::string& store, const std::string& name) {
  TRY(check_name(name));
  TRY_ASSIGN(const std::optional<sys::Fd> top, open_own_directory(AT_FDCWD, store, store));
  if (!top) return std::nullopt;
  TRY_ASSIGN(std::optional<sys::Fd> cache, open_own_directory(top->get(), name, store + "/" + name));
  if (!cache) return std::nullopt;
  return Place{std::move(*cache), store + "/" + name};
}

Result<std::optional<Pinned>> pin(const std::string& store, const std::string& name, const std::string& key) {
  if (!key.empty() && !is_key(key)) return fail(quoted(key) + " is no key of a generation");
  TRY_ASSIGN(const std::optional<Place> cache, open_cache(store, name));
  if (!cache) return std::nullopt;
  if (const auto cleaned = clean_up_if_dead(*cache); !cleaned) log::debug("ignoring: " + cleaned.error().message);
  TRY_ASSIGN(std::optional<Pinned> with_key, pin_with_key(*cache, name, key));
  if (with_key) return with_key;
  return pin_newest(*cache, name, key);
}

Result<std::optional<Pinned>> pin_generation(const std::string& store, const std::string& name, const std::string& id) {
  if (!is_generation_id(id)) return fail(quoted(id) + " is no generation");
  TRY_ASSIGN(const std::optional<Place> cache, open_cache(store, name));
  if (!cache) return std::nullopt;
  return pin_in(*cache, name, id);
}

Result<std::optional<std::string>> current_id(const std::string& store, const std::string& name) {
  TRY_ASSIGN(const std::optional<Place> cache, open_cache(store, name));
  if (!cache) return std::nullopt;
  return read_id(cache->directory.get(), kCurrent);
}

}  // namespace stepbox::warm
