#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/subcommands.hpp"
#include "explain/explain.hpp"
#include "model/outcome.hpp"
#include "report/plan_json.hpp"

namespace stepbox::cli {
namespace {

Result<std::string> explained(RunOptions options) {
  if (options.request.argv.empty()) options.request.argv = {"COMMAND"};
  TRY_ASSIGN(const Planned planned, run::plan_run(options.request));
  if (options.json) return report::plan_to_json(planned.plan, planned.policy);
  return explain::explain(planned, options.all ? explain::Detail::whole : explain::Detail::brief);
}

}  // namespace

int explain_command(Arguments arguments) {
  const Result<RunOptions> options = parse_run_options(arguments, Command::explained);
  if (options && options->help) return print(help_for("explain"));
  const Result<std::string> text = options ? explained(*options) : std::unexpected(options.error());
  if (text) return print(*text);
  log::error(text.error());
  return kExitLauncher;
}

}  // namespace stepbox::cli
