// What a step changed in a tree that it saw through an overlay (mount(2), overlayfs), read from the overlay's layers.
//
// Only a walk through the upper directory finds it in a time that goes with the changes. But an upper directory alone
// does not say what changed: it holds marks of deletions, files without their content, and copies that nobody altered.
// So each of its entries is compared with that of the lower directory, and where the overlay keeps content elsewhere
// (metacopy, redirect_dir) it is read through the merged view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "model/changes.hpp"
#include "model/plan.hpp"
#include "workspace/change_list.hpp"

namespace stepbox::workspace {

// Where an overlay keeps its marks. A step cannot forge them: it may set attributes of the other kind only, which mean
// nothing there.
enum class OverlayMarks : uint8_t {
  trusted,  // trusted.overlay.*: mounted by real root
  user      // user.overlay.*: mounted with `userxattr`, which knows neither metacopy nor redirect_dir
};

// Directories, borrowed; O_PATH will do.
struct OverlayTrees {
  int lower = -1;
  int upper = -1;
  int merged = -1;  // needed with trusted marks only
  OverlayMarks marks = OverlayMarks::user;
  // How owners of the lower directory appear in the upper one, if the lower layer is id-mapped: `inside` is the id in
  // the lower directory. Empty: as they are.
  std::vector<IdExtent> uids = {};
  std::vector<IdExtent> gids = {};
};

// A place that belongs to the cache of a tool. Views of literals.
struct CachePlace {
  std::string_view tool;
  std::string_view name;  // "target/", "node_modules/.cache/": the end of the path of the place
  size_t levels = 1;      // how many components of the path the name covers
};
// Whether the directory that an entry is in has another entry of this name, as the step left it.
using HasBeside = std::function<bool(const char* name)>;
// The cache that begins at a path, which is relative to the root of the tree; nothing for no cache.
using CacheAt = std::function<std::optional<CachePlace>(std::string_view path, EntryType type, const HasBeside& has_beside)>;

// Adds what changed to the list, in which paths begin with `path`: empty for paths relative to the tree.
//
// - An added directory is an entry only if it is empty; so is a directory whose own attributes changed. A deleted one is
//   one entry, with all that it held.
// - A rename is a deletion and an addition; if the overlay knows it as one, the addition is one entry.
// - Everything in a directory that is a cache counts for the cache, and is not listed by itself. Of places that begin
//   with the same directory the more specific one counts ("node_modules/.cache/" in "node_modules/").
//
// Call it when every process of the box is dead. Follows no links, opens nothing but directories and files that may have
// been copied without a change, and holds few directories open at a time. Never fails: entries that cannot be looked at
// are counted as left out, as are those more than 16384 levels deep.
void list_changes(const OverlayTrees& trees, std::string_view path, const CacheAt& cache_at, ChangeList& list);

}  // namespace stepbox::workspace
