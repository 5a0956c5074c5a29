// Files in a tree that the caller may read and others may not: passwords and keys among configuration.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace stepbox::sys {

struct PrivateFile {
  std::string path;
  bool is_directory;
};

// The regular files below `top` that this process may read but others may not, and the directories that it may enter or
// list but others may not, without the contents of these. Mode, groups, capabilities and access lists count, as in
// faccessat(2). Links are not followed. Empty if `top` does not exist. Error: path and errno of an entry that could not
// be examined, since it may be a private one.
Result<std::vector<PrivateFile>> private_files(const std::string& top);

}  // namespace stepbox::sys
