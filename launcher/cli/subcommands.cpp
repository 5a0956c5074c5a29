#include "cli/subcommands.hpp"

#include <algorithm>

#include "base/listed.hpp"
#include "cli/options.hpp"
#include "cli/warm_help.hpp"

namespace stepbox::cli {
namespace {

constexpr std::string_view kRun =
    "usage: stepbox run [OPTIONS] [--] COMMAND [ARG...]\n"
    "       stepbox [OPTIONS] -- COMMAND [ARG...]\n"
    "\n"
    "Runs COMMAND in a fresh workspace: its temporary files, caches and home are in memory, bounded, and\n"
    "gone when it ends. Only the checkout keeps what COMMAND writes.\n"
    "\n"
    "options:\n";

constexpr std::string_view kRunExamples =
    "\n"
    "Every option but the last six has a key in the policy and a STEPBOX_* variable; `stepbox policy schema` lists\n"
    "the keys. Of those six --policy, --report, --summary and --verbose have a variable.\n"
    "\n"
    "examples:\n"
    "  stepbox run -- go build ./...\n"
    "  stepbox run --size 8GiB --volume cache=4GiB -- make -j8\n"
    "  stepbox run --timeout 30m --silence 10m -- ./test.sh\n"
    "  stepbox run --source ro --network none --report report.json -- ./check.sh\n"
    "  stepbox run --limit memory=6GiB --limit processes=4096 -- make -j8\n"
    "  stepbox run --ro ~/.m2/settings.xml -- mvn package\n"
    "\n"
    "exit status: COMMAND's own; 128+N when signal N ended it; 124 when it ran or was silent for too long; 125 when\n"
    "stepbox could not do its work; 126 when COMMAND cannot be executed; 127 when it is not found.\n";

constexpr std::string_view kShell =
    "usage: stepbox shell [OPTIONS]\n"
    "\n"
    "Starts $SHELL (or /bin/sh) in the box that `stepbox run` would make. The prompt of bash, zsh, fish and sh begins\n"
    "with \"(stepbox) \". Takes the options of run.\n"
    "\n"
    "example:\n"
    "  stepbox shell --network none\n";

constexpr std::string_view kExplain =
    "usage: stepbox explain [--all | --json] [OPTIONS] [-- COMMAND [ARG...]]\n"
    "\n"
    "Prints what `stepbox run` would do, and does nothing: what differs from a run without stepbox, and what was chosen,\n"
    "with the file and line, option or variable that chose it. --all prints every mount, variable and refused group of\n"
    "system calls as well, --json a record for machines. Takes the options of run. Values of inherited variables are\n"
    "not printed.\n"
    "\n"
    "examples:\n"
    "  stepbox explain --policy strict -- make\n"
    "  stepbox explain --all -- make\n"
    "  stepbox explain --json --timeout 30m -- make\n";

constexpr std::string_view kDoctor =
    "usage: stepbox doctor [--json]\n"
    "\n"
    "Tries everything that a box needs, and prints what this host can do, with the cause and the remedy for each\n"
    "missing feature. Exit status 0 only when a step can run under the default policy.\n";

constexpr std::string_view kPolicy =
    "usage: stepbox policy list            the built-in policies\n"
    "       stepbox policy show [OPTIONS]  the policy in force here, each value with its origin\n"
    "       stepbox policy check FILE...   checks policies and reports their mistakes\n"
    "       stepbox policy schema          the JSON Schema of policies, for editors\n"
    "\n"
    "example:\n"
    "  stepbox policy check .stepbox.yaml\n";

constexpr std::string_view kCaches =
    "usage: stepbox caches [TOOL | --all | --json]\n"
    "\n"
    "Lists the tools whose caches stepbox knows, grouped by how it treats them. TOOL prints everything about one tool,\n"
    "under any of its common names (mvn), or lists the tools of an ecosystem (go, node, java); --all prints the treatment\n"
    "of each, --json records.\n"
    "\n"
    "examples:\n"
    "  stepbox caches\n"
    "  stepbox caches cargo\n";

constexpr std::string_view kSweep =
    "usage: stepbox sweep\n"
    "\n"
    "Removes empty control groups left behind by runs that were killed together with their guard, in the whole of\n"
    "every hierarchy, and prints what it removed. Groups that a run still holds, or that have processes, stay.\n";

constexpr auto kPolicyOperands = listed(kPolicyWords, " | ", " | ");

constexpr Subcommand kSubcommands[] = {
    // name, operands, summary, help, help behind the options, function
    {"run", "[OPTIONS] [--] COMMAND [ARG...]", "run a step (also: stepbox [OPTIONS] -- COMMAND)", kRun, kRunExamples, run_command},
    {"shell", "[OPTIONS]", "an interactive shell in the same box", kShell, "", shell_command},
    {"explain", "[OPTIONS] [-- COMMAND]", "what run would do, without doing it", kExplain, "", explain_command},
    {"doctor", "[--json]", "what this host can do, and what is missing", kDoctor, "", doctor_command},
    {"policy", kPolicyOperands.view(), "policies", kPolicy, "", policy_command},
    {"caches", "[TOOL | --all | --json]", "the registry of caches", kCaches, "", caches_command},
    {"sweep", "", "removes what a crashed run could leave", kSweep, "", sweep_command},
    {"warm", "VERB [...]", "warm caches: list, save, verify, prune, pack, ...", kWarmHelp, "", warm_command},
};

[[maybe_unused]] consteval bool subcommands_are_sound() {
  for (const Subcommand& row : kSubcommands) {
    if (row.name.empty() || row.name.starts_with('-') || row.summary.empty() || row.run == nullptr) return false;
    if (!row.help.starts_with("usage: stepbox ") || !row.help.substr(15).starts_with(row.name)) return false;
    if (std::ranges::count(kSubcommands, row.name, &Subcommand::name) != 1) return false;
  }
  return true;
}
// Not with UBSan: GCC 12 then takes no function's address for a constant (GCC bug 71962).
#ifndef __SANITIZE_ADDRESS__
static_assert(subcommands_are_sound());
#endif

// "       stepbox caches [TOOL]                         the registry of caches"
std::string usage_line(const Subcommand& row) {
  constexpr size_t kColumn = 53;
  std::string line = std::string(&row == kSubcommands ? "usage: " : "       ") + "stepbox " + std::string(row.name);
  if (!row.operands.empty()) line += " " + std::string(row.operands);
  return line + std::string(line.size() < kColumn ? kColumn - line.size() : 1, ' ') + std::string(row.summary) + "\n";
}

}  // namespace

std::span<const Subcommand> subcommands() { return kSubcommands; }

const Subcommand* find_subcommand(std::string_view name) {
  const auto* row = std::ranges::find(kSubcommands, name, &Subcommand::name);
  return row == std::end(kSubcommands) ? nullptr : row;
}

std::string version_text() { return "stepbox " STEPBOX_VERSION "\n"; }

std::string general_help() {
  std::string text = "stepbox runs one build step in a fresh workspace and leaves nothing behind.\n\n";
  for (const Subcommand& row : kSubcommands) text += usage_line(row);
  return text +
         "       stepbox --help | --version\n"
         "\n"
         "examples:\n"
         "  stepbox run -- go build ./...\n"
         "  stepbox run --size 8GiB -- npm ci\n"
         "  stepbox explain -- make\n"
         "\n"
         "`stepbox SUBCOMMAND --help` tells more, stepbox(1) everything; stepbox-errors(7) explains what goes wrong.\n";
}

std::string help_for(std::string_view subcommand) {
  const Subcommand* row = find_subcommand(subcommand);
  if (row == nullptr) return general_help();
  std::string text(row->help);
  return row->help_behind_options.empty() ? text : text + options_help() + std::string(row->help_behind_options);
}

}  // namespace stepbox::cli
