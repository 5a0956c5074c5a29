// The command line of `run`, `shell` and `explain`: from argv to a request.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "run/run_step.hpp"

namespace stepbox::cli {

enum class SummaryWhen : uint8_t {
  automatic,  // after a failure, and when something is worth knowing
  always,
  never
};

struct RunOptions {
  run::RunRequest request;
  std::string report;  // --report or STEPBOX_REPORT; empty: none
  SummaryWhen summary = SummaryWhen::automatic;
  bool verbose = false;
  bool help = false;
  // Only for `explain`.
  bool all = false;
  bool json = false;
};

// Options that are not policy keys: they say how to run, not what the box is.
struct PlainOption {
  std::string_view name;
  std::string_view operand;  // empty: a flag
  std::string_view help;
  Result<> (*take)(RunOptions& options, const std::string& text);
  std::span<const std::string_view> words = {};  // the operand's choices; empty: anything
};
std::span<const PlainOption> plain_options();

enum class Command : uint8_t {
  required,
  optional,
  explained  // optional, and --all and --json are options
};

// Parses the words after the subcommand: options up to `--` or the first word that is none. The rest is the step's
// command, untouched. STEPBOX_POLICY, STEPBOX_REPORT, STEPBOX_SUMMARY and STEPBOX_VERBOSE stand in for missing
// options. An error names the option and the nearest right one.
Result<RunOptions> parse_run_options(std::span<const std::string> arguments, Command command);

// Where to write the report for a command line that parse_run_options() refuses: by --report, as far as options can
// be told from the command, otherwise by STEPBOX_REPORT. Empty for nowhere.
std::string report_named_by(std::span<const std::string> arguments);

// The options, one a line, for --help.
std::string options_help();

// Every option's name, for completions and suggestions.
std::vector<std::string_view> option_names();

}  // namespace stepbox::cli
