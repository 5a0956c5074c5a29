// Who filled a volume: its tree, summed up by the tool that owns each part.
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

// Walks the tree below `root` and returns what lies in it by tool, largest first. `path` is where the root
// is in the box ("/box/cache"); `box` is where the workspace itself is. What no tool owns is "unknown", by directory.
//
// Call it when every process of the box is dead: the walk follows no links and holds one directory open
// at a time, but only a tree that nobody changes has one answer. Does not fail: what cannot be read is
// left out.
std::vector<CacheUsage> attribute(int root, const std::string& path, const OwnerOf& owner_of,
                                  std::string_view box = "/box");

}  // namespace stepbox::workspace
