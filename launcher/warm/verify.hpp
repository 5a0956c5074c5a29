// Compares a generation with its manifest, byte for byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "warm/store.hpp"
#include "warm/view.hpp"

namespace stepbox::warm {

struct Verified {
  bool is_sound = false;
  // Content and manifest agree, but inodes or times had changed (a copied store): the seal was made anew.
  bool was_sealed_again = false;
  // What is wrong, at most kMostFindings of it: "cache/x was changed", "its manifest cannot be read: ...".
  std::vector<std::string> findings;
  uint64_t differences = 0;  // all of them
};
inline constexpr size_t kMostFindings = 20;

// Reads all that the generation holds. One that differs loses its seal, so that each pin refuses it and a prune removes
// it. A generation without a seal stays without. Error: it cannot be read, or is gone.
Result<Verified> verify(const Place& cache, const std::string& id, const Progress& progress);

// The entries of a generation's tree, read from the disk; sorted. `others` are entries that no generation has: sockets,
// devices, other mounts.
struct TreeContent {
  std::vector<Entry> entries;
  std::vector<std::string> others;
};
Result<TreeContent> read_tree(int tree, const Progress& progress);

}  // namespace stepbox::warm
