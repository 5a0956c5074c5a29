// The subcommands, one row each: what they are called, what they print about themselves, and what does their work.
//
// The command line, the help and the suggestions walk this table; completions and stepbox(1) are compared with it
// (tests/unit/cli/tables_test.cpp).
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
  std::string_view help_behind_options;  // empty: the help does not list the options of run
  int (*run)(Arguments arguments);
};

// In the order in which the help shows them.
std::span<const Subcommand> subcommands();
const Subcommand* find_subcommand(std::string_view name);

std::string general_help();
// Of a subcommand; the general help for a word that is none.
std::string help_for(std::string_view subcommand);
std::string version_text();

}  // namespace stepbox::cli
