// Reads the bytes of a policy file.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"

namespace stepbox::policy {

// Who controls the file. A stranger may control one in the checkout, while stepbox may be root: read only
// a regular file, follow no link, and never wait for a fifo.
enum class FileOwner : uint8_t { trusted, stranger };

// The file's content, or nothing if the file does not exist. Error: it is larger than 1 MiB, or cannot be read.
Result<std::optional<std::string>> read_policy_file(const std::string& path, FileOwner owner);

}  // namespace stepbox::policy
