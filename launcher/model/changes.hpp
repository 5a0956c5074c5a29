// What a step changed in a tree that it saw through an overlay: a bounded list, and exact sums.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stepbox {

enum class ChangeKind : uint8_t {
  added,
  modified,  // its content, type, mode, owner or an extended attribute
  deleted,
  touched  // the overlay holds a copy that differs from the original in nothing but its times
};
inline constexpr size_t kChangeKinds = 4;
const char* name_of(ChangeKind kind);

enum class EntryType : uint8_t {
  file,
  directory,
  link,
  other  // a socket, FIFO or device
};
const char* name_of(EntryType type);

struct Change {
  ChangeKind kind = ChangeKind::added;
  EntryType type = EntryType::file;
  // From the root of the tree, or absolute where there are several. Any bytes; of one longer than 4096 bytes the
  // beginning and the end.
  std::string path = {};
  // Of the content: as the step left it; of a deleted entry, as the host has it; of a touched one, of the copy in the
  // workspace. Holes and blocks without data do not count. A file with several names counts with the first one found.
  uint64_t bytes = 0;
  // 1, but of a directory that was deleted or moved with all that is in it: the files in it.
  uint64_t files = 1;
  std::string moved_from = {};  // where the overlay knows that
  bool operator==(const Change&) const = default;
};

struct ChangeSum {
  // A directory is an entry of its own if it was deleted, moved, or changed itself, or was added with nothing in it.
  uint64_t entries = 0;
  uint64_t files = 0;  // directories do not count
  uint64_t bytes = 0;
  bool operator==(const ChangeSum&) const = default;
};

// The caches of one tool in the tree, for which the registry has one name: "__pycache__/".
struct InTreeCache {
  std::string tool = {};
  std::string path = {};    // of the one that the step changed most
  uint64_t places = 0;      // how many it changed
  uint64_t files = 0;       // added or modified
  uint64_t bytes = 0;       // of these
  bool operator==(const InTreeCache&) const = default;
};

// Which tree it was: the checkout, the home, or the rest of the host's files.
enum class ChangedTree : uint8_t { source, home, root };
const char* name_of(ChangedTree tree);

struct Changes {
  std::array<ChangeSum, kChangeKinds> sums;  // by ChangeKind, of all entries
  std::vector<Change> biggest;       // outside caches, without those that were only touched; the largest first
  uint64_t unlisted = 0;             // more of these
  std::vector<Change> touched;       // likewise, of those that were only touched
  std::vector<InTreeCache> caches;   // the largest first
  uint64_t left_out = 0;             // entries that could not be looked at, and are in no sum

  ChangeSum& of(ChangeKind kind) { return sums[static_cast<size_t>(kind)]; }
  const ChangeSum& of(ChangeKind kind) const { return sums[static_cast<size_t>(kind)]; }
  // Whether the step changed anything at all.
  bool any() const { return of(ChangeKind::added).entries + of(ChangeKind::modified).entries + of(ChangeKind::deleted).entries > 0; }
  // What is gone with the overlay: the content of all that was added or modified.
  uint64_t discarded_bytes() const { return of(ChangeKind::added).bytes + of(ChangeKind::modified).bytes; }
  uint64_t changed_files() const {
    return of(ChangeKind::added).files + of(ChangeKind::modified).files + of(ChangeKind::deleted).files;
  }
  bool operator==(const Changes&) const = default;
};

struct TreeChanges {
  ChangedTree tree = ChangedTree::source;
  std::string path = {};  // where the step saw it; paths of its changes begin there, of the root's at "/"
  Changes changes = {};
};

// How many changes of a tree a report names.
inline constexpr size_t kListedChanges = 100;

}  // namespace stepbox
