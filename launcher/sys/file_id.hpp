// The identity of a file, whatever its name.
#pragma once

#include <sys/stat.h>

namespace stepbox::sys {

struct FileId {
  dev_t device;
  ino_t inode;
  bool operator==(const FileId&) const = default;
};

inline FileId id_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

}  // namespace stepbox::sys
