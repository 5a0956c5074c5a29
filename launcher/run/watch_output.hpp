// Finds out, before the step starts, whether its output can be watched for silence.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "model/deadlines.hpp"
#include "sys/write_watch.hpp"

namespace stepbox::run {

// Empty if no silence limit is set. Error: one is set, and stdout or stderr cannot be watched.
Result<std::optional<sys::WriteWatch>> watch_output(const Deadlines& deadlines);

}  // namespace stepbox::run
