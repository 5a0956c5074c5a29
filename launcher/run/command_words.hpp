// The words of a command line that say what was to be run and where: of argv, of the text behind `sh -c`, and of a script.
// Pure. It is no shell: what it does not understand it leaves out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stepbox::run {

struct Word {
  std::string text;         // without quotes; "$HOME/x" is "~/x"
  bool is_literal = true;   // false: an expansion decides what it is
  bool is_target = false;   // behind > or >>
};
using SimpleCommand = std::vector<Word>;  // the command's name first; assignments and words like `if` left out

// The simple commands of a shell's text, in order. Ends at a here-document, and at what no command line is long enough for.
std::vector<SimpleCommand> shell_commands(std::string_view text);

// What a command line consists of, once the shells in it are taken apart.
struct CommandLine {
  std::vector<SimpleCommand> commands;    // argv itself, and what `sh -c` was given
  std::optional<std::string> script;      // that a shell is given, as named; or argv[0] where it is a path
};
CommandLine read_command_line(const std::vector<std::string>& argv);

}  // namespace stepbox::run
