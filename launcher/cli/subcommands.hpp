// The subcommands, one row each: name, texts for the help, and function.
//
// The command line, the help and the suggestions walk this table. tests/unit/cli/tables_test.cpp compares completions
// and stepbox(1) with it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/commands.hpp"

namespace stepbox::cli {

struct Subcommand {
  std::string_view name;
  std::string_view operands;  // for the usage
  std::string_view summary;   // in a few words, for the general help
  std::string_view help;
  std::string_view help_behind_options;  // empty: the help does not list run's options
  int (*run)(Arguments arguments);
};

// In the order of the help.
std::span<const Subcommand> subcommands();
const Subcommand* find_subcommand(std::string_view name);

std::string general_help();
// The help for a subcommand; the general help for any other word.
std::string help_for(std::string_view subcommand);
std::string version_text();

}  // namespace stepbox::cli
