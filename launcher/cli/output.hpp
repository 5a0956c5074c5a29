// What was asked for goes to stdout; this is the only place that writes there.
#pragma once

#include <string_view>

namespace stepbox::cli {

// Writes all of it. Returns the exit code: 0, or 125 when stdout cannot take it (a full disk must not
// look like success).
int print(std::string_view text);

}  // namespace stepbox::cli
