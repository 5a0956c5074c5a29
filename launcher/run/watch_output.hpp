// Whether the step's output can be watched for silence; found out before the step is started.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "model/deadlines.hpp"
#include "sys/write_watch.hpp"

namespace stepbox::run {

// Nothing where no silence is limited. Error: it is, and stdout or stderr cannot be watched.
Result<std::optional<sys::WriteWatch>> watch_output(const Deadlines& deadlines);

}  // namespace stepbox::run
