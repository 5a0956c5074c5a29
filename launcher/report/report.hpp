// How a run is told: as JSON for machines and as one line for people.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/report.hpp"

namespace stepbox::report {

// The report as JSON, schema version 1, ending in a newline. Bytes that are not UTF-8 appear as U+FFFD.
// Environment values never appear. Records at the root and in lists, so that it can grow.
std::string to_json(const Report& report);

// Writes it atomically: a file without a name (O_TMPFILE) that gets its name when it is whole; an
// existing regular file is replaced, a fifo, device or /dev/fd/N is written to.
Result<> write(const Report& report, const std::string& path);

// Whether anything is worth a line: a failure with a cause that stepbox knows, a quota reached,
// strays killed, a degraded protection.
bool is_noteworthy(const Report& report);

// One line without newline and prefix: "go build failed with exit code 1; volume 'cache' was full
// (4 GiB, most of it go-build-cache); 2 processes left running were killed".
std::string summary(const Report& report);

}  // namespace stepbox::report
