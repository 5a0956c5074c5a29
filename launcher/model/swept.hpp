// The result of removing something abandoned on the host.
#pragma once

#include <string>

namespace stepbox {

struct Swept {
  std::string path;
  int error = 0;  // why it could not be removed; 0: it is gone
};

}  // namespace stepbox
