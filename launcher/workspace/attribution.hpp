// Which tool filled a volume: its tree, summed up by the owner of each part.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/report.hpp"
#include "sys/fd.hpp"

namespace stepbox::workspace {

// The tool that a path below /box belongs to ("cache/go-build"), or an empty view.
using OwnerOf = std::function<std::string_view(std::string_view path)>;

// Walks the tree below `root` and sums it up by tool, largest first. `path` is the root's path in the box
// ("/box/cache"); `box` is the path of the workspace itself. Parts without an owner are "unknown", by directory.
//
// Call it when every process of the box is dead: the walk follows no links and holds one directory open
// at a time, but only a tree that no longer changes has one answer. Never fails: unreadable parts are left
// out.
std::vector<CacheUsage> attribute(int root, const std::string& path, const OwnerOf& owner_of,
                                  std::string_view box = "/box");

}  // namespace stepbox::workspace
