#include "warm/prune.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <unordered_map>

#include "base/text.hpp"
#include "sys/directory_entries.hpp"
#include "warm/generation.hpp"
#include "warm/layout.hpp"
#include "warm/manifest.hpp"
#include "warm/staging.hpp"

namespace stepbox::warm {
namespace {

class Pruner {
 public:
  explicit Pruner(const Place& cache) : cache_(cache.directory.get()) {}

  Result<Pruned> run(const WarmBounds& bounds, Leave leave);

 private:
  Result<> sort_out_broken();
  Result<> choose_newest(Leave leave);
  Result<> keep_to_count(uint64_t keep);
  Result<> keep_to_size(uint64_t max);
  Result<bool> remove(const std::string& id);
  Result<> remove_labels() const;
  bool is_sealed(const std::string& id) const {
    return ::faccessat(cache_, generation_path(id, kSeal).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  }

  const int cache_;
  std::deque<std::string> sound_;  // oldest first
  std::vector<std::string> broken_;
  Pruned pruned_;
};

Result<> Pruner::sort_out_broken() {
  TRY_ASSIGN(const std::vector<std::string> ids, list_generations(cache_));
  for (const std::string& id : ids) {
    if (is_sealed(id)) sound_.push_back(id);
    else broken_.push_back(id);
  }
  return {};
}

// Before anything is removed: a run that starts meanwhile finds the older one.
Result<> Pruner::choose_newest(Leave leave) {
  TRY_ASSIGN(const std::optional<std::string> current, read_id(cache_, kCurrent));
  if (leave == Leave::newest && current && std::ranges::find(sound_, *current) != sound_.end()) {
    pruned_.newest = *current;
    return {};
  }
  if (leave == Leave::newest && !sound_.empty()) {
    pruned_.newest = sound_.back();
    TRY(open_unfinished(cache_));
    TRY(point_at(cache_, kCurrent, pruned_.newest));
    return close_unfinished(cache_);
  }
  if (current && ::unlinkat(cache_, kCurrent, 0) != 0) return fail_errno("cannot remove the newest generation's name", errno);
  return {};
}

Result<bool> Pruner::remove(const std::string& id) {
  TRY_ASSIGN(const bool is_removed, remove_generation(cache_, id));
  (is_removed ? pruned_.removed : pruned_.in_use).push_back(id);
  return is_removed;
}

Result<> Pruner::keep_to_count(uint64_t keep) {
  for (size_t extra = sound_.size() > keep ? sound_.size() - keep : 0; extra > 0; --extra) {
    const std::string id = sound_.front();
    sound_.pop_front();
    TRY(remove(id));
  }
  return {};
}

// What generations share is the same path with the same content.
Result<> Pruner::keep_to_size(uint64_t max) {
  std::unordered_map<std::string, uint64_t> holders;
  std::unordered_map<std::string, std::vector<std::pair<std::string, uint64_t>>> held;
  uint64_t total = 0;
  for (const std::string& id : sound_) {
    TRY_ASSIGN(const std::string text, read_manifest_text(cache_, id));
    TRY_ASSIGN(const Manifest manifest, manifest_of_text(text));
    for (const Entry& entry : manifest.entries) {
      if (entry.type != EntryType::file) continue;
      std::string content = entry.path + '\0' + std::string(entry.content.begin(), entry.content.end());
      if (holders[content]++ == 0) total += entry.size;
      held[id].emplace_back(std::move(content), entry.size);
    }
  }
  while (total > max && sound_.size() > 1) {
    const std::string id = sound_.front();
    sound_.pop_front();
    TRY_ASSIGN(const bool is_removed, remove(id));
    if (!is_removed) continue;
    for (const auto& [content, size] : held[id])
      if (--holders[content] == 0) total -= size;
  }
  return {};
}

Result<> Pruner::remove_labels() const {
  const sys::Fd keys(::openat(cache_, kKeys, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!keys) return errno == ENOENT ? Result<>{} : fail_errno("cannot list the keys", errno);
  sys::for_each_entry(keys.get(), [&](const char* name) {
    const auto id = read_id(keys.get(), name);
    const bool leads_somewhere = id && *id && ::faccessat(cache_, generation_path(**id).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (!leads_somewhere) (void)::unlinkat(keys.get(), name, 0);
  });
  return {};
}

Result<Pruned> Pruner::run(const WarmBounds& bounds, Leave leave) {
  TRY(sort_out_broken());
  TRY(choose_newest(leave));
  for (const std::string& id : broken_) TRY(remove(id));
  TRY(keep_to_count(leave == Leave::none ? 0 : std::max<uint64_t>(bounds.keep, 1)));
  if (bounds.max_bytes) TRY(keep_to_size(*bounds.max_bytes));
  TRY(remove_labels());
  return std::move(pruned_);
}

}  // namespace

Result<Pruned> prune(const Place& cache, const WarmBounds& bounds, Leave leave) {
  TRY(clean_up(cache.directory.get()));
  return Pruner(cache).run(bounds, leave);
}

}  // namespace stepbox::warm
