#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "report/report.hpp"
#include "run/caller.hpp"
#include "sys/bounded_child.hpp"

namespace stepbox::cli {
namespace {

bool is_github() {
  const char* value = std::getenv("GITHUB_ACTIONS");
  return value != nullptr && std::string_view(value) == "true";
}

void say(const Report& report) {
  if (is_github()) {
    // GitHub reads a workflow command only at the start of a line.
    const std::string line = report::summary(report, report::SummaryStyle::github) + "\n";
    [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
  } else {
    log::say(report::summary(report, report::SummaryStyle::plain));
  }
  for (const std::string& line : report::seccomp_log_lines(report)) log::say(line);
}

// By a child: a pipe that nobody empties must not keep the exit code back. It has a while, for a terminal that somebody
// has halted to read.
void summarise(const Report& report, SummaryWhen when) {
  const bool is_wanted = when == SummaryWhen::always || (when == SummaryWhen::automatic && report::is_noteworthy(report));
  if (!is_wanted && report.hint.empty()) return;
  const auto tell = [&](int) {
    if (is_wanted) say(report);
    if (!report.hint.empty()) log::hint(report.hint);
  };
  sys::run_bounded(tell, {}, std::chrono::seconds(10), 0);
}

Result<int> run(const RunOptions& options) {
  if (options.verbose) log::set_verbosity(log::Verbosity::verbose);
  // Before anything is opened, or it would end up in the place of a closed one.
  TRY(run::fill_standard_descriptors());
  std::optional<report::Destination> destination;
  if (!options.report.empty()) {
    TRY_ASSIGN(destination, report::Destination::open(options.report));
  }
  const auto attribution = destination ? run::Attribution::always : run::Attribution::when_full;
  TRY_ASSIGN(const Report report, run::run_step(options.request, attribution));
  // A reader that is gone or a file that may not grow must not end stepbox before it has said so.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const Result<> written = destination ? destination->write(report) : Result<>();
  summarise(report, options.summary);
  TRY(written);
  return report.exit_code;
}

int finish(const Result<int>& result) {
  if (result) return *result;
  log::error(result.error());
  return kExitLauncher;
}

}  // namespace

int run_command(Arguments arguments) {
  const Result<RunOptions> options = parse_run_options(arguments, Command::required);
  if (!options) return finish(std::unexpected(options.error()));
  return options->help ? print(help_for("run")) : finish(run(*options));
}

int shell_command(Arguments arguments) {
  Result<RunOptions> options = parse_run_options(arguments, Command::optional);
  if (!options) return finish(std::unexpected(options.error()));
  if (options->help) return print(help_for("shell"));
  if (!options->request.argv.empty())
    return finish(fail("shell takes no command", "stepbox run -- COMMAND [ARG...]"));
  const char* shell = std::getenv("SHELL");
  options->request.argv = {shell != nullptr && shell[0] == '/' ? shell : "/bin/sh"};
  return finish(run(*options));
}

}  // namespace stepbox::cli
