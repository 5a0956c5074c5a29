// Finds the words of a command line that name files to execute: the command, the command that a starter such as
// env(1) or timeout(1) runs, and the script that an interpreter is given. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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

// "python3" of "/usr/bin/python3": tables of programs know a word by this name.
inline std::string_view program_name(std::string_view word) { return word.substr(word.rfind('/') + 1); }

// In command-line order. Code that an interpreter gets by an option (-c, -e, -m) is no file, and ends the search.
std::vector<NamedProgram> named_programs(std::span<const std::string> argv);

}  // namespace stepbox::plan
