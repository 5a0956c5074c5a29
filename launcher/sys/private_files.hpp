// What one caller may read in a tree and others may not: passwords and keys, where configuration lies.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace stepbox::sys {

struct PrivateFile {
  std::string path;
  bool is_directory;
};

// The regular files below `top` that this process may read and everybody may not, and the directories that it may enter
// or list and everybody may not, without what lies in these. Mode, groups, capabilities and access lists count, as
// faccessat(2) has it. Links are not followed. Nothing where `top` is not there. Error: path and errno of what could
// not be looked at, since it may be one of them.
Result<std::vector<PrivateFile>> private_files(const std::string& top);

}  // namespace stepbox::sys
