#include "workspace/change_list.hpp"

#include <algorithm>
#include <tuple>

namespace stepbox::workspace {
namespace {

constexpr size_t kLongestPath = 4096;
constexpr size_t kMostLinkedFiles = size_t{1} << 16;

bool is_larger(const Change& one, const Change& other) {
  return std::tuple(other.bytes, std::string_view(one.path)) < std::tuple(one.bytes, std::string_view(other.path));
}

std::string shortened(std::string path) {
  constexpr std::string_view kGap = "/.../";
  constexpr size_t kPart = (kLongestPath - kGap.size()) / 2;
  if (path.size() <= kLongestPath) return path;
  return path.substr(0, kPart).append(kGap).append(path, path.size() - kPart);
}

}  // namespace

void LargestChanges::offer(Change change) {
  if (heap_.size() == most_) {
    ++dropped_;
    if (most_ == 0 || !is_larger(change, heap_.front())) return;
    std::ranges::pop_heap(heap_, is_larger);
    heap_.pop_back();
  }
  change.path = shortened(std::move(change.path));
  change.moved_from = shortened(std::move(change.moved_from));
  heap_.push_back(std::move(change));
  std::ranges::push_heap(heap_, is_larger);
}

std::vector<Change> LargestChanges::take() && {
  std::ranges::sort_heap(heap_, is_larger);
  return std::move(heap_);
}

uint64_t CountedOnce::share(const struct stat& status, uint64_t bytes) {
  if (status.st_nlink < 2 || S_ISDIR(status.st_mode)) return bytes;
  const Key key{status.st_dev, status.st_ino};
  if (const auto known = names_left_.find(key); known != names_left_.end()) {
    if (--known->second == 0) names_left_.erase(known);
    return 0;
  }
  if (names_left_.size() == kMostLinkedFiles) return bytes / status.st_nlink;
  names_left_.emplace(key, status.st_nlink - 1);
  return bytes;
}

void ChangeList::add(Change change, Listed listed) {
  ChangeSum& sum = changes_.of(change.kind);
  ++sum.entries;
  sum.files += change.files;
  sum.bytes += change.bytes;
  if (listed == Listed::no) return;
  (change.kind == ChangeKind::touched ? touched_ : biggest_).offer(std::move(change));
}

void ChangeList::add_place(std::string_view name, const InTreeCache& place) {
  CacheSum& known = caches_[{place.tool, std::string(name)}];
  if (known.sum.places == 0 || place.bytes > known.most) {
    known.sum.tool = place.tool;
    known.sum.path = shortened(place.path);
    known.most = place.bytes;
  }
  ++known.sum.places;
  known.sum.files += place.files;
  known.sum.bytes += place.bytes;
}

Changes ChangeList::result() && {
  changes_.unlisted = biggest_.dropped();
  changes_.biggest = std::move(biggest_).take();
  changes_.touched = std::move(touched_).take();
  for (auto& [key, cache] : caches_) changes_.caches.push_back(std::move(cache.sum));
  std::ranges::stable_sort(changes_.caches, std::ranges::greater{}, &InTreeCache::bytes);
  return std::move(changes_);
}

}  // namespace stepbox::workspace
