// Removes generations that are no longer wanted.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/warm.hpp"
#include "warm/store.hpp"

namespace stepbox::warm {

// newest: the newest generation always stays. none: everything goes that no box reads.
enum class Leave : uint8_t { newest, none };

struct Pruned {
  std::vector<std::string> removed;  // ids
  std::vector<std::string> in_use;   // ids that a box reads: they stay, whatever the bounds say
  std::string newest;                // empty: there is none any more
};

// Removes generations whose seal is broken or missing, then the oldest beyond the bounds, then labels of generations
// that are gone. If the newest is broken, the one before it becomes the newest. Needs the lock of the cache
// (try_lock_cache() in warm/layout.hpp).
Result<Pruned> prune(const Place& cache, const WarmBounds& bounds, Leave leave);

}  // namespace stepbox::warm
