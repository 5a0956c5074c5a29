#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "base/log.hpp"
#include "ci/engines.hpp"
#include "cli/commands.hpp"
#include "cli/guarded.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/run_record.hpp"
#include "cli/subcommands.hpp"
#include "report/report.hpp"
#include "run/caller.hpp"
#include "hints/failure_hints.hpp"
#include "sys/bounded_child.hpp"

namespace stepbox::cli {
namespace {

bool reads_workflow_commands() {
  const ci::Engine* engine = ci::engine_around();
  return engine != nullptr && engine->log_form == ci::LogForm::workflow_commands;
}

void say(const Report& report) {
  if (reads_workflow_commands()) {
    // GitHub reads a workflow command only at the start of a line.
    const std::string line = report::summary(report, report::SummaryStyle::github) + "\n";
    [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
  } else {
    log::say(report::summary(report, report::SummaryStyle::plain));
  }
  for (const std::string& line : report::seccomp_log_lines(report)) log::say(line);
}

// An interactive shell ends with the exit code of its last command, whose message the user has seen.
bool is_worth_telling(const Report& report, const RunOptions& options) {
  const bool is_left_shell = options.request.is_shell && report.verdict == Verdict::failure;
  return is_left_shell ? report::has_news_beside_verdict(report) : report::is_noteworthy(report);
}

// In a child: a full pipe without a reader must not delay the exit code for ever. The child gets some
// seconds, since a user may have halted the terminal to read.
void summarise(const Report& report, const RunOptions& options) {
  const bool is_wanted = options.summary == SummaryWhen::always || (options.summary == SummaryWhen::automatic && is_worth_telling(report, options));
  if (!is_wanted && !report.lists_changes) return;
  constexpr std::chrono::seconds kPatience{10};
  const auto tell = [&](int) {
    log::set_patience(kPatience);
    if (report.lists_changes)
      for (const std::string& line : report::change_lines(report)) log::say(line);
    if (!is_wanted) return;
    say(report);
    if (!report.hint.empty()) log::hint(report.hint);
    else if (const std::string chosen = hints::chosen_text(report.differences); !chosen.empty()) log::say(chosen);
  };
  sys::run_bounded(tell, {}, kPatience, 0);
}

// Says why the step did not run. A failure to write that to the record is secondary.
int refuse(RunRecord& record, const Error& error) {
  const int code = finish(std::unexpected(error));
  if (const Result<> written = record.fail(error); !written) log::error(written.error());
  return code;
}

Result<int> conclude(RunRecord& record, Report& report, const RunOptions& options) {
  const Result<> written = record.finish(report);
  // Standard error may be a pipe without a reader, or a file that may not grow.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  summarise(report, options);
  TRY(written);
  return report.exit_code;
}

int run(const Result<RunOptions>& options, Arguments arguments) {
  if (options && options->verbose) log::set_verbosity(log::Verbosity::verbose);
  // Comes first: a file opened earlier would take the place of a closed standard descriptor.
  if (const Result<> filled = run::fill_standard_descriptors(); !filled) return finish(std::unexpected(filled.error()));
  Result<RunRecord> record = options ? RunRecord::open(options->report, options->request.argv)
                                     : RunRecord::open(report_named_by(arguments), {});
  if (!record) return finish(std::unexpected(options ? record.error() : options.error()));
  if (!options) return refuse(*record, options.error());
  if (const Result<> announced = record->announce(); !announced) return finish(std::unexpected(announced.error()));
  const auto attribution = record->is_wanted() ? run::Attribution::always : run::Attribution::when_full;
  run::RunRequest request = options->request;
  request.run_id = record->run_id();
  request.give_up = [&record](const Error& error) { ::_exit(refuse(*record, error)); };
  Result<Report> report = guarded<Report>([&] { return run::run_step(request, attribution); });
  return report ? finish(conclude(*record, *report, *options)) : refuse(*record, report.error());
}

Result<RunOptions> shell_options(Arguments arguments) {
  TRY_ASSIGN(RunOptions options, parse_run_options(arguments, Command::optional));
  if (!options.help && !options.request.argv.empty())
    return fail("shell takes no command", "stepbox run -- COMMAND [ARG...]");
  const char* shell = std::getenv("SHELL");
  options.request.argv = {shell != nullptr && shell[0] == '/' ? shell : "/bin/sh"};
  options.request.is_shell = true;
  return options;
}

}  // namespace

int run_command(Arguments arguments) {
  const Result<RunOptions> options = parse_run_options(arguments, Command::required);
  return options && options->help ? print(help_for("run")) : run(options, arguments);
}

int shell_command(Arguments arguments) {
  const Result<RunOptions> options = shell_options(arguments);
  return options && options->help ? print(help_for("shell")) : run(options, arguments);
}

}  // namespace stepbox::cli
