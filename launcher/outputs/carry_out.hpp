// Carries a step's outputs out of the box.
//
// Theory of operation. Every process of the step is dead. The declared patterns are looked for in the workspace's
// directory `out` and in the checkout as the step saw it (outputs/collect.hpp). What they take is copied into a staging
// directory beside the destination and hashed on the way (outputs/copy.hpp), and written to the disk. Only then does it
// become visible, by as few renames as possible (outputs/moves.hpp, outputs/journal.hpp):
//
//   --outputs-to DIR    the whole directory is exchanged by one rename. A reader, or a crash at any instant, sees the
//                       old set or the new one. A process that is in the directory, or has it open, keeps the old
//                       one, which is removed then.
//   into the checkout   a set of one file or one directory enters by one rename, too. For a larger one, the renames
//                       follow each other at once, and a journal lets the next run complete them after a crash; a
//                       reader may see some of them done and others not for that moment.
//
// A failure before the last rename leaves the destination as it was.
#pragma once

#include <functional>
#include <span>

#include "model/outputs.hpp"
#include "outputs/collect.hpp"
#include "outputs/destination.hpp"

namespace stepbox::outputs {

struct StepEnd {
  bool has_succeeded;  // exited with code 0
  std::function<bool()> is_asked_to_end = {};  // polled while it takes long
};

// `sources` as the plan says where files may be. Never an Error: what went wrong is part of what is known of the outputs.
CarriedOutputs carry_out(const OutputsPlan& plan, const Destination& destination, std::span<const Source> sources, const StepEnd& end);

}  // namespace stepbox::outputs
