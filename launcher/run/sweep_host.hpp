// Cleans the whole host in the way each run cleans its own places in passing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace stepbox::run {

struct Cleared {
  std::string path;
  std::optional<Error> error;  // why it still exists
};

// Removes leftovers of crashed runs: control groups in every hierarchy that shows the caller's group, and the
// directories of steps without a box in TMPDIR and /tmp.
Result<std::vector<Cleared>> sweep_host();

}  // namespace stepbox::run
