// Mounts the overlays that the step writes to. Nothing here allocates.
#pragma once

#include "model/plan.hpp"
#include "sys/fd.hpp"

namespace stepbox::sandbox {

// The names of an overlay's layers in the directory of its own (PlannedOverlay::layers).
inline constexpr const char* kLower = "lower0";
inline constexpr const char* kUpper = "upper";

// Makes the overlay of MountAct::overlay or try_overlay, not attached yet, and opens its upper layer. Changes the
// working directory. 0 or an errno.
int make_overlay(const MountCall& call, int root, const Identity& identity, sys::Fd& mount, sys::Fd& upper);

// Removes the directory of a lower layer that MountAct::try_overlay has, and makes it again. Where the upper layer takes
// no extended attributes, the kernel mounts an overlay all the same, and fails here. 0 or an errno.
int remake_directory(int overlay);

}  // namespace stepbox::sandbox
