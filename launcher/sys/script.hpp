// Scripts, as execve(2) reads them.
#pragma once

#include <optional>
#include <string>

namespace stepbox::sys {

// The interpreter that the file's first line names ("#!/bin/sh -e" is "/bin/sh"), or nothing if the file is not
// regular, cannot be read, or does not begin with "#!". Looks at as many bytes as the kernel does, and never waits: it
// does not read a FIFO in place of a script.
std::optional<std::string> interpreter_of(const std::string& path);

}  // namespace stepbox::sys
