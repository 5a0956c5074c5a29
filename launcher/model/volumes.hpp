// The volumes, one row each: the parts of the workspace that can have limits of their own.
//
// Policies, options, redirects, the registry of caches and the plan walk this table; a test compares completions and
// manual pages with it (tests/unit/cli/tables_test.cpp). To add a volume is to add a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/listed.hpp"

namespace stepbox {

// A directory of the workspace that every run has, whether or not its volume has limits of its own.
struct VolumeDirectory {
  std::string_view path;           // below the workspace: "run/user"
  uint32_t mode;                   // in a box
  uint32_t mode_without_box = 0;   // 0: not made there
  std::string_view replaces = {};  // the host path at which the step sees it
  bool gives_way = false;          // to a checkout that is this very path and was named as such
};

struct VolumeRow {
  std::string_view name;
  VolumeDirectory directories[3];  // an entry without a path is unused
};

inline constexpr VolumeRow kVolumes[] = {
    // The host may have /var/tmp elsewhere, or as a link: Layout finds out where "var-tmp" is seen.
    {"tmp", {{"tmp", 01777, 0700, "/tmp", true}, {"var-tmp", 01777}}},
    {"cache", {{"cache", 0755, 0755}}},
    {"home", {{"home", 0700, 0700}}},
    {"scratch", {}},
    {"out", {{"out", 0755, 0755}}},
    {"shm", {{"shm", 01777, 0, "/dev/shm"}}},
    {"run", {{"run", 0755, 0755, "/run"}, {"run/lock", 01777}, {"run/user", 0755, 0755}}},
};

inline constexpr auto kVolumeNames = column_of(kVolumes, &VolumeRow::name);

// Each volume with limits of its own is a tmpfs, and the shared workspace is one more.
inline constexpr size_t kMaxVolumes = std::size(kVolumes) + 1;

template <class Visitor>
constexpr void for_each_volume_directory(const Visitor& visit) {
  for (const VolumeRow& volume : kVolumes)
    for (const VolumeDirectory& directory : volume.directories)
      if (!directory.path.empty()) visit(directory);
}

consteval bool volumes_are_sound() {
  bool sound = true;
  for (size_t i = 0; i < std::size(kVolumes); ++i) {
    const VolumeRow& volume = kVolumes[i];
    // Paths in the workspace begin with the name, and "workspace" names the shared rest.
    sound = sound && !volume.name.empty() && volume.name != "workspace" && !volume.name.contains('/');
    for (size_t j = 0; j < i; ++j) sound = sound && kVolumes[j].name != volume.name;
    for (const VolumeDirectory& directory : volume.directories) {
      sound = sound && !directory.path.starts_with('/') && directory.path.empty() == (directory.mode == 0);
      sound = sound && (directory.replaces.empty() || directory.replaces.starts_with('/'));
    }
  }
  return sound;
}
static_assert(volumes_are_sound());

}  // namespace stepbox
