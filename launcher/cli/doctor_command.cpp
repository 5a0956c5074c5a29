#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/output.hpp"
#include "model/outcome.hpp"
#include "report/report.hpp"
#include "run/doctor.hpp"

namespace stepbox::cli {
namespace {

std::string as_text(const std::vector<run::Check>& checks) {
  std::string text;
  for (const run::Check& check : checks) {
    const std::string name(check.name);
    text += name + std::string(name.size() < 20 ? 20 - name.size() : 1, ' ') + run::name_of(check.finding) + "  (" +
            std::string(check.what_for) + ")\n";
    if (!check.cause.empty()) text += "  cause:  " + check.cause + "\n";
    if (!check.remedy.empty()) text += "  remedy: " + check.remedy + "\n";
  }
  return text;
}

std::string as_json(const std::vector<run::Check>& checks) {
  std::vector<report::Fields> rows;
  for (const run::Check& check : checks)
    rows.push_back({{"name", std::string(check.name)}, {"state", run::name_of(check.finding)},
                    {"what_for", std::string(check.what_for)}, {"cause", check.cause}, {"remedy", check.remedy}});
  return report::records_to_json("checks", rows);
}

}  // namespace

int doctor_command(Arguments arguments) {
  bool json = false;
  for (const std::string& word : arguments) {
    if (word == "--help" || word == "-h") return print(help_for("doctor"));
    if (word != "--json") {
      static constexpr std::string_view kWords[] = {"--json", "--help"};
      log::error({"unknown option " + quoted(word) + " of doctor", did_you_mean(word, kWords)});
      return kExitLauncher;
    }
    json = true;
  }
  const std::vector<run::Check> checks = run::examine_host();
  if (const int failed = print(json ? as_json(checks) : as_text(checks)); failed != 0) return failed;
  const bool works = std::ranges::none_of(checks, [](const run::Check& check) { return check.finding == run::Finding::missing; });
  return works ? 0 : 1;
}

}  // namespace stepbox::cli
