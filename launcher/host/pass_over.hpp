// With --verbose, says that stepbox skips a path that it could not look at (sys/files.hpp has the rule).
#pragma once

#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace stepbox::host {

inline void pass_over(const std::string& path, const Error& error) {
  if (log::is_verbose()) log::debug(Error::from_errno("passing over " + quoted(path), error.number).message);
}

}  // namespace stepbox::host
