// Reading the bytes of a policy file.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"

namespace stepbox::policy {

// Who put the file there. One from the checkout is under a stranger's control, while stepbox may be
// root: only a regular file is read, no link is followed, and a fifo cannot make us wait.
enum class FileOwner : uint8_t { trusted, stranger };

// The file's content, at most 1 MiB of it, or nothing when there is no such file.
Result<std::optional<std::string>> read_policy_file(const std::string& path, FileOwner owner);

}  // namespace stepbox::policy
