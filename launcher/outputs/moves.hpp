// Decides by which renames a staged tree enters a directory that holds other files as well. As few as possible: a
// directory that is missing there, or that belongs to the outputs as a whole, moves as one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "outputs/collect.hpp"
#include "outputs/journal.hpp"

namespace stepbox::outputs {

struct Tree {
  std::span<const Entry> entries;     // what is staged, sorted
  std::span<const Source> sources;
  std::span<const OutputSpec* const> specs;
  bool replaces_checkout = false;     // outputs of the checkout come from an overlay over the destination: what they do
                                      // not contain any more goes away there, too
};

// Error: an entry would take the place of something that is not of its kind: a link that leads elsewhere, a directory with
// other files.
Result<std::vector<Move>> moves_into(const Stage& stage, const Tree& tree);

// Whether a directory of the destination, or a directory in it, holds names that are no outputs: .git, .stepbox.yaml, ...
bool holds_guarded_names(int root, const std::string& path);

// The first move that replaces or removes one of these paths, something in one, or a directory above one; nullptr if none
// does. `where` is the path of the destination.
const Move* moves_of_kept(std::span<const Move> moves, const std::string& where, std::span<const std::string> kept);

// For a destination that holds nothing but outputs, and whose own directory cannot be replaced (a mount point).
Result<std::vector<Move>> moves_replacing_all(const Stage& stage);

}  // namespace stepbox::outputs
