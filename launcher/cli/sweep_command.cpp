#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/subcommands.hpp"
#include "model/outcome.hpp"
#include "run/sweep_host.hpp"

namespace stepbox::cli {

int sweep_command(Arguments arguments) {
  for (const std::string& word : arguments) {
    if (word == "--help" || word == "-h") return print(help_for("sweep"));
    log::error({"sweep takes no " + quoted(word), "stepbox sweep"});
    return kExitLauncher;
  }
  const auto swept = run::sweep_host();
  if (!swept) {
    log::error(swept.error());
    return kExitLauncher;
  }
  std::string text;
  bool is_clean = true;
  for (const run::Cleared& found : *swept) {
    if (!found.error) {
      text += "removed " + escaped(found.path) + "\n";
      continue;
    }
    is_clean = false;
    log::error(*found.error);
  }
  if (swept->empty()) text = "nothing was left\n";
  if (const int failed = print(text); failed != 0) return failed;
  return is_clean ? 0 : 1;
}

}  // namespace stepbox::cli
