// The symbolic links along a path.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace stepbox::sys {

struct PathLink {
  std::string path;  // of the link itself; none of its components is a link
  std::string text;  // as of readlink(2)
};

// In the order in which the kernel follows them, the last component included. `path` is absolute. The list ends at a
// missing component, and is empty for a path without links. Error: errno of readlink, ELOOP after forty.
Result<std::vector<PathLink>> links_on_the_way(const std::string& path);

// The same, but ends with the first link for which `is_last` holds: what that link leads to is not looked at.
Result<std::vector<PathLink>> links_on_the_way(const std::string& path, const std::function<bool(const PathLink&)>& is_last);

}  // namespace stepbox::sys
