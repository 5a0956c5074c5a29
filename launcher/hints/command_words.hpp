// Extracts the words that say what to run on which files: from argv, from the text after `sh -c`, and from a script.
// Pure. Not a shell: it leaves out anything it does not understand.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stepbox::hints {

struct Word {
  std::string text;         // without quotes; "$HOME/x" is "~/x"
  bool is_literal = true;   // false: the shell's expansion decides the text
  bool is_target = false;   // follows > or >>
};
using SimpleCommand = std::vector<Word>;  // the command's name first; assignments and words like `if` left out

// The simple commands in a shell text, in order. Stops at a here-document, and at lengths that no command line reaches.
std::vector<SimpleCommand> shell_commands(std::string_view text);

// The names of programs that a shell script runs, in order. Empty for a script in another language, and for one that
// this parser could misread: with functions from another file, `case`, arrays or arithmetic.
std::vector<std::string> programs_of_script(std::string_view text);

// The parts of a command line, with its `sh -c` texts taken apart.
struct CommandLine {
  std::vector<SimpleCommand> commands;    // argv itself, and the texts after `sh -c`
  std::optional<std::string> script;      // the script that an interpreter runs, as named; or a command with a slash
};
CommandLine read_command_line(const std::vector<std::string>& argv);

}  // namespace stepbox::hints
