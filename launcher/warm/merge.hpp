// Decides what becomes of each path of a save, when another run has saved since this run started. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/warm.hpp"
#include "warm/manifest.hpp"

namespace stepbox::warm {

// The first rule that matches, or nothing. `index` tells rules apart: all paths of one `whole` rule belong together.
struct Ruling {
  const WarmRule* rule = nullptr;
  size_t index = 0;
  WarmMerge merge() const { return rule == nullptr ? WarmMerge::exclusive : rule->merge; }
  WarmTimes times() const { return rule == nullptr ? WarmTimes::kept : rule->times; }
};
Ruling ruling_for(const std::vector<WarmRule>& rules, std::string_view path);

enum class Side : uint8_t { ours, theirs };

struct Taken {
  const Entry* entry;
  Side side;
};

struct Merged {
  std::vector<Taken> entries;  // sorted by path
  std::string conflict;        // if not empty, the path that cannot be merged; then nothing is saved
};

// `base` is what both runs began with (empty: an empty cache), `ours` what this run made of it, and `theirs` the newest
// generation. All are sorted. Borrows their entries.
Merged merge(const std::vector<Entry>& base, const std::vector<Entry>& ours, const std::vector<Entry>& theirs,
             const std::vector<WarmRule>& rules);

}  // namespace stepbox::warm
