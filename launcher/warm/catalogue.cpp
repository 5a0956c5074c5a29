#include "warm/catalogue.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <ranges>

#include "sys/directory_entries.hpp"
#include "warm/layout.hpp"

namespace stepbox::warm {
namespace {

// A look for a moment: a save or prune that tries the lock just then takes the generation for used, and leaves it.
Result<bool> is_in_use(int cache, const std::string& id) {
  TRY_ASSIGN(const std::optional<sys::Fd> lock, try_lock(cache, generation_path(id, kLock), LOCK_EX));
  return !lock;
}

}  // namespace

Result<std::vector<std::string>> list_names(const std::string& store) {
  std::vector<std::string> names;
  TRY_ASSIGN(const std::optional<sys::Fd> top, open_own_directory(AT_FDCWD, store, store));
  if (!top) return names;
  const int failed = sys::for_each_entry(top->get(), [&names](const char* name) {
    if (is_warm_name(name)) names.emplace_back(name);
  });
  if (failed != 0) return fail_errno("cannot list the warm store", failed);
  std::ranges::sort(names);
  return names;
}

Result<std::optional<std::vector<Listed>>> list_cache(const std::string& store, const std::string& name) {
  TRY_ASSIGN(const std::optional<Place> cache, open_cache(store, name));
  if (!cache) return std::nullopt;
  TRY_ASSIGN(const std::optional<std::string> current, read_id(cache->directory.get(), kCurrent));
  TRY_ASSIGN(const std::vector<std::string> ids, list_generations(cache->directory.get()));
  std::vector<Listed> listed;
  for (const std::string& id : std::views::reverse(ids)) {
    Listed one;
    one.generation.name = name;
    one.generation.id = id;
    TRY_ASSIGN(one.is_in_use, is_in_use(cache->directory.get(), id));
    const auto pinned = pin_generation(store, name, id);
    if (pinned && !*pinned) continue;  // removed meanwhile
    if (pinned) one.generation = (*pinned)->generation;
    else one.refusal = pinned.error().message;
    one.is_newest = current && *current == id;
    listed.push_back(std::move(one));
  }
  return listed;
}

}  // namespace stepbox::warm
