#include "warm/merge.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_set>

#include "base/text.hpp"

namespace stepbox::warm {
namespace {

// One path in the three lists; null where a list does not have it.
struct Three {
  const Entry* base = nullptr;
  const Entry* ours = nullptr;
  const Entry* theirs = nullptr;

  static bool differ(const Entry* one, const Entry* other) {
    if (one == nullptr || other == nullptr) return one != other;
    return *one != *other;
  }
  bool is_changed_by_us() const { return differ(base, ours); }
  bool is_changed_by_them() const { return differ(base, theirs); }
  std::string_view path() const { return ours != nullptr ? ours->path : theirs != nullptr ? theirs->path : base->path; }
  bool is_directory() const {
    return (ours == nullptr || ours->type == EntryType::directory) && (theirs == nullptr || theirs->type == EntryType::directory);
  }
};

// Walks the three sorted lists side by side.
template <class Take>
void for_each_path(const std::vector<Entry>& base, const std::vector<Entry>& ours, const std::vector<Entry>& theirs, Take take) {
  const std::vector<Entry>* lists[] = {&base, &ours, &theirs};
  size_t at[3] = {};
  for (;;) {
    const std::string* least = nullptr;
    for (int i = 0; i < 3; ++i)
      if (at[i] < lists[i]->size() && (least == nullptr || (*lists[i])[at[i]].path < *least)) least = &(*lists[i])[at[i]].path;
    if (least == nullptr) return;
    const std::string path = *least;
    const Entry* found[3] = {};
    for (int i = 0; i < 3; ++i)
      if (at[i] < lists[i]->size() && (*lists[i])[at[i]].path == path) found[i] = &(*lists[i])[at[i]++];
    take(Three{found[0], found[1], found[2]});
  }
}

struct Changes {
  bool by_us = false;
  bool by_them = false;
};

class Merger {
 public:
  explicit Merger(const std::vector<WarmRule>& rules) : rules_(rules) {}

  // What both runs did to the paths of each rule, before any path is decided.
  void note(const Three& three) {
    if (three.is_directory()) return;
    Changes& changes = changes_[key_of(ruling_for(rules_, three.path()))];
    changes.by_us |= three.is_changed_by_us();
    changes.by_them |= three.is_changed_by_them();
  }

  void decide(const Three& three) {
    const Ruling ruling = ruling_for(rules_, three.path());
    if (three.is_directory()) return decide_directory(three);
    if (ruling.merge() == WarmMerge::unite) return take(three.ours != nullptr ? three.ours : three.theirs, three);
    const Changes group = changes_[key_of(ruling)];
    const bool is_group = ruling.merge() == WarmMerge::whole || ruling.merge() == WarmMerge::exclusive;
    const bool by_us = is_group ? group.by_us : three.is_changed_by_us();
    if (ruling.merge() == WarmMerge::exclusive && group.by_us && group.by_them && merged_.conflict.empty() &&
        three.is_changed_by_us())
      merged_.conflict = three.path();
    take(by_us ? three.ours : three.theirs, three);
  }

  Merged finish() {
    check_types();
    return std::move(merged_);
  }

 private:
  static constexpr size_t kNoRule = SIZE_MAX;
  static size_t key_of(const Ruling& ruling) { return ruling.rule == nullptr ? kNoRule : ruling.index; }

  // A directory that neither run has any more is gone; else it stays, since entries of both may lie in it.
  void decide_directory(const Three& three) { take(three.ours != nullptr ? three.ours : three.theirs, three); }

  void take(const Entry* entry, const Three& three) {
    if (entry == nullptr) return;
    // Where both are the same, theirs is in the store already.
    const bool is_theirs = three.theirs != nullptr && *three.theirs == *entry;
    merged_.entries.push_back(is_theirs ? Taken{three.theirs, Side::theirs} : Taken{entry, Side::ours});
  }

  // One run may have made a directory where the other has a file.
  void check_types() {
    std::unordered_set<std::string_view> directories;
    for (const Taken& taken : merged_.entries) {
      const std::string_view path = taken.entry->path;
      const size_t slash = path.rfind('/');
      if (slash != path.npos && !directories.contains(path.substr(0, slash)) && merged_.conflict.empty()) merged_.conflict = path;
      if (taken.entry->type == EntryType::directory) directories.insert(path);
    }
  }

  const std::vector<WarmRule>& rules_;
  std::map<size_t, Changes> changes_;
  Merged merged_;
};

}  // namespace

Ruling ruling_for(const std::vector<WarmRule>& rules, std::string_view path) {
  for (size_t i = 0; i < rules.size(); ++i)
    if (matches_pattern(rules[i].pattern, path)) return {&rules[i], i};
  return {};
}

Merged merge(const std::vector<Entry>& base, const std::vector<Entry>& ours, const std::vector<Entry>& theirs,
             const std::vector<WarmRule>& rules) {
  Merger merger(rules);
  for_each_path(base, ours, theirs, [&merger](const Three& three) { merger.note(three); });
  for_each_path(base, ours, theirs, [&merger](const Three& three) { merger.decide(three); });
  return merger.finish();
}

}  // namespace stepbox::warm
