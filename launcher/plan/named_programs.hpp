// Which words of a command line name files that are executed: the command, what it starts where it is one like env(1) or
// timeout(1), and the script that an interpreter is given. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace stepbox::plan {

enum class NamedAs : uint8_t {
  program,  // executed: found as execvp(3) finds it
  script    // read by an interpreter: a path
};

struct NamedProgram {
  std::string word;
  NamedAs as;
  bool operator==(const NamedProgram&) const = default;
};

// In the order of the command line. What an interpreter is told by an option (-c, -e, -m) is no file, and ends it.
std::vector<NamedProgram> named_programs(std::span<const std::string> argv);

}  // namespace stepbox::plan
