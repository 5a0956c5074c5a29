// Overlays: directories of the host that the step can write to, while what it changes lands in volume scratch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"

namespace stepbox::plan {

// Where the layers are, relative to the box root. The step finds an empty directory there: an overlay whose layers
// change under it is undefined.
inline constexpr std::string_view kLayers = "box/scratch/overlays";

// Entries of volume scratch that the kernel makes for each overlay, beside those that the plan makes.
inline constexpr uint64_t kInodesOfOverlay = 16;

// The directories and mounts that make `overlay` at `target`, in the order in which they are to be carried out, with
// `index` as its place in FilesPlan::overlays. Sets overlay.layers and overlay.file_system.
std::vector<MountCall> overlay_calls(PlannedOverlay& overlay, int index, const std::string& target, const Identity& identity,
                                     const HostFacts& facts);

// The directories and the call that try, once for a box, whether its overlays will work. To be carried out before
// overlay_calls(). Only overlays with attributes in user.* may mount and not work: tmpfs has these from Linux 6.6 on.
std::vector<MountCall> overlay_trial(const Identity& identity, const HostFacts& facts);

// An error when no overlay can be had of the host's directory: an ordinary user's box cannot leave out what is mounted
// below it.
Result<> check_overlay(const std::string& path, std::string_view why, const Origin& origin, const Identity& identity,
                       const HostFacts& facts);

// Whether `root: overlay` lays an overlay over this directory at the top of the host's tree. A file system of its own
// stays read-only unless it is of a kind that makes a good layer; and so does a directory that an ordinary user's box
// cannot take apart from what is mounted below it. Says so in a note.
bool is_fit_for_root(const std::string& path, const Identity& identity, const HostFacts& facts, Remarks& remarks);

// The directories of the home that `home: overlay` hides, as the registry of caches knows them: those that exist, the
// outer ones alone, without what holds `kept`.
std::vector<std::string> caches_in_home(const HostFacts& facts, const std::string& kept);

// Every directory that caches_in_home() may name, for the look-up.
std::vector<std::string> places_of_caches(const HostFacts& facts);

// The type of the file system that a path of the host lies on; empty if unknown.
std::string file_system_of(std::string_view path, const HostFacts& facts);

}  // namespace stepbox::plan
