// What a run in passing does for its own places, for the whole host.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace stepbox::run {

struct Cleared {
  std::string path;
  std::optional<Error> error;  // why it is still there
};

// Removes what crashed runs left: control groups in every hierarchy that shows the caller's group, and the
// directories of steps without a box, in TMPDIR and /tmp.
Result<std::vector<Cleared>> sweep_host();

}  // namespace stepbox::run
