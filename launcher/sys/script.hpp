// Scripts, as execve(2) reads them.
#pragma once

#include <optional>
#include <string>

namespace stepbox::sys {

// The interpreter that the file's first line names ("#!/bin/sh -e" is "/bin/sh"), or nothing where it is no regular
// file, cannot be read, or does not begin with "#!". Looks at as many bytes as the kernel does, and waits for nobody:
// a FIFO in the place of a script is not read.
std::optional<std::string> interpreter_of(const std::string& path);

}  // namespace stepbox::sys
