// Carries out the plan's list of mounts, in init, after clone. Nothing here allocates.
#pragma once

#include <array>

#include "model/volumes.hpp"
#include "sandbox/channel.hpp"
#include "sandbox/prepared.hpp"

namespace stepbox::sandbox {

struct MountContext {
  static constexpr std::array<int, kMaxVolumes> filled_with_none() {
    std::array<int, kMaxVolumes> none{};
    none.fill(-1);
    return none;
  }

  int proc = -1;            // the detached new procfs
  int user_namespace = -1;  // of the step, for id-mapped mounts; -1: none
  size_t next = 0;          // of plan.mounts; moved on by build_mounts
  int root = -1;            // set by build_mounts: the box root
  int terminal = -1;        // likewise, to be kept open: it holds the place of the caller's terminal (MountAct::terminal)
  std::array<int, kMaxVolumes> volumes = filled_with_none();
};

struct MountFailure {
  Stage stage = Stage::none;  // none: all went well
  int index = 0;
  int error = 0;
};

// Does the calls of plan.mounts that come next, in order, to the end of phase `last`. Sources are paths of the host,
// targets are opened below the box root without following links, so that nothing a step left behind can lead a
// mount elsewhere.
MountFailure build_mounts(const Prepared& prepared, MountContext& context, MountPhase last);

// Makes plan.cache_directories below `root`, as the step, files with their text. 0, or an errno and the number of the one that failed.
MountFailure make_cache_directories(const Plan& plan, int root);

// Makes the box root the root of this mount namespace and lets go of the host's tree.
// 0 or an errno.
int enter_root(int root);

}  // namespace stepbox::sandbox
