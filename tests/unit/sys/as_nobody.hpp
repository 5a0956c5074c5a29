// Root without its right to read everything, while it lives: files are looked at as another user's.
#pragma once

#include <sys/fsuid.h>
#include <unistd.h>

namespace stepbox::test {

class AsNobody {
 public:
  AsNobody() { ::setfsuid(65534); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() { ::setfsuid(::geteuid()); }
};

}  // namespace stepbox::test
