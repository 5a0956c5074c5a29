// Changes as they are found, summed up: the largest of them by name, and all of them in figures. Takes a bounded amount
// of memory, however many there are.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/changes.hpp"

namespace stepbox::workspace {

// The largest of many changes.
class LargestChanges {
 public:
  explicit LargestChanges(size_t most) : most_(most) {}

  // Keeps the change if it is one of the largest; of equal ones the first by path.
  void offer(Change change);
  uint64_t dropped() const { return dropped_; }
  // The largest first.
  std::vector<Change> take() &&;

 private:
  size_t most_;
  std::vector<Change> heap_;  // the least of them in front
  uint64_t dropped_ = 0;
};

// Lets each file count once, under whichever of its names comes first. Remembers a bounded number of files with several
// names; each name of a further one counts for an equal part.
class CountedOnce {
 public:
  uint64_t share(const struct stat& status, uint64_t bytes);

 private:
  struct Key {
    dev_t device;
    ino_t inode;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const { return std::hash<uint64_t>()(key.inode * 31 + key.device); }
  };
  std::unordered_map<Key, uint64_t, Hash> names_left_;
};

class ChangeList {
 public:
  // Names at most that many changes, and as many that are only touches.
  explicit ChangeList(size_t most) : biggest_(most), touched_(most) {}

  enum class Listed : uint8_t { yes, no };
  // Counts the change, and names it or not.
  void add(Change change, Listed listed);
  // Counts one place of a tool's cache, of which the registry has one `name`.
  void add_place(std::string_view name, const InTreeCache& place);
  void leave_out() { ++changes_.left_out; }
  CountedOnce& counted_once() { return once_; }

  Changes result() &&;

 private:
  struct CacheSum {
    InTreeCache sum;
    uint64_t most = 0;  // bytes of the place that gives the path
  };
  Changes changes_;
  LargestChanges biggest_;
  LargestChanges touched_;
  CountedOnce once_;
  std::map<std::pair<std::string, std::string>, CacheSum> caches_;  // by tool and name
};

}  // namespace stepbox::workspace
