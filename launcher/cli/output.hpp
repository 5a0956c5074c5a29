// Requested output goes to stdout, and only this file writes there. Complaints go to stderr.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace stepbox::cli {

// Writes all of it. Returns the exit code: 0, or 125 when stdout cannot take it (a full disk must not
// look like success).
int print(std::string_view text);

// The exit code, or 125 with the error on stderr.
int finish(const Result<int>& result);

}  // namespace stepbox::cli
