// The renames that make a set of outputs visible, and the record by which the next run completes them.
//
// One rename is atomic. Where a set needs several, they are written down first, on the disk beside the staged files. A
// run that is killed in between leaves the journal; the next one does what is left to do. If a rename fails, those
// before it are undone, and the destination is as it was. Each step can tell from the destination alone whether it has
// been done, since a rename keeps the inode.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stepbox::outputs {

struct Move {
  enum class Kind : uint8_t {
    place,  // new/PATH takes the place of PATH, or of nothing
    remove  // PATH goes away
  };
  Kind kind;
  std::string path;  // below the destination
  uint64_t inode;    // place: of the new entry; remove: of the old one. (Device numbers change with a reboot.)
  bool operator==(const Move&) const = default;
};

// The destination and the staging directory on the same file system. Borrowed.
struct Stage {
  int destination;
  int staging;
  std::string where;  // the path of the destination, for messages
};

// Does what is left of the moves, and makes the names durable. On failure undoes them all, and names the entry.
Result<> perform(const Stage& stage, std::span<const Move> moves);

// Writes the journal, on the disk when it returns.
Result<> write_journal(const Stage& stage, std::span<const Move> moves);
// Without it, nothing is left to do.
void drop_journal(const Stage& stage);

// As text, and back. Nothing if the text is no journal of this version.
std::string journal_text(std::span<const Move> moves);
std::vector<Move> moves_of(std::string_view text);

// The moves that a killed run left to do; empty if it had not begun.
std::vector<Move> read_journal(int staging);

}  // namespace stepbox::outputs
