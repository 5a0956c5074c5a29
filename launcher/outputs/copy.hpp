// Copies outputs into a new tree, or only reads them, and computes their digests on the way.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "outputs/collect.hpp"
#include "outputs/watch.hpp"

namespace stepbox::outputs {

struct CopyMeans {
  std::span<const Source> sources;
  int target;         // the root of the new tree, an empty directory; -1: nothing is copied
  std::string where;  // its path as the user knows it, for messages
};

struct CopyNotes {
  uint64_t without_attributes = 0;  // files whose extended attributes the target's file system does not take
};

// `entries` as collect() returned them; sets the digests. What was a sparse file is one again, names of one file are names
// of one file, and modes, times to the nanosecond and attributes of users (user.*) are as they were. Extended
// attributes of overlays, file capabilities, owners and access lists are left behind. Several threads; the watch is
// called from this one. Error: names the entry and the reason; the tree is then incomplete.
Result<CopyNotes> copy(std::span<Entry> entries, const CopyMeans& means, Watch& watch);

// Returns when the tree is on the disk.
Result<> make_durable(std::span<const Entry> entries, const CopyMeans& means);

}  // namespace stepbox::outputs
