// Carries out the plan's list of mounts, in init after clone. Nothing here allocates.
#pragma once

#include <array>

#include "model/volumes.hpp"
#include "sandbox/channel.hpp"
#include "sandbox/prepared.hpp"

namespace stepbox::sandbox {

struct MountContext {
  template <size_t Size>
  static constexpr std::array<int, Size> filled_with_none() {
    std::array<int, Size> none{};
    none.fill(-1);
    return none;
  }

  int proc = -1;            // the new procfs, detached
  int user_namespace = -1;  // the step's, for id-mapped mounts; -1: none
  size_t next = 0;          // index into plan.files.mounts; build_mounts advances it
  int root = -1;            // set by build_mounts: the box root
  int terminal = -1;        // likewise; keep it open: it reserves the caller's terminal number (MountAct::terminal)
  std::array<int, kMaxVolumes> volumes = filled_with_none<kMaxVolumes>();
  // Of the plan's overlays: the view that the step has, and its upper layer. Only these are ever written to.
  std::array<int, kMaxOverlays> views = filled_with_none<kMaxOverlays>();
  std::array<int, kMaxOverlays> uppers = filled_with_none<kMaxOverlays>();
};

struct MountFailure {
  Stage stage = Stage::none;  // none: success
  int index = 0;
  int error = 0;
};

// Carries out the next calls of plan.files.mounts, in order, through phase `last`. Sources are host paths. Targets are
// opened below the box root without following links, so that a leftover of a step cannot lead a mount elsewhere.
MountFailure build_mounts(const Prepared& prepared, MountContext& context, MountPhase last);

// Makes plan.files.cache_directories below `root`, in the step's process; files get their text. On failure: the errno, and
// the entry's index.
MountFailure make_cache_directories(const Plan& plan, int root);

// Makes the box root the root of this mount namespace and detaches the host's tree. 0 or an errno.
int enter_root(int root);

}  // namespace stepbox::sandbox
