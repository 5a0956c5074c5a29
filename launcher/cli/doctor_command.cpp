#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/subcommands.hpp"
#include "doctor/doctor.hpp"
#include "model/outcome.hpp"
#include "report/report.hpp"

namespace stepbox::cli {
namespace {

std::string column(std::string_view name) {
  constexpr size_t kWidth = 20;
  return std::string(name) + std::string(name.size() < kWidth ? kWidth - name.size() : 1, ' ');
}

std::string as_text(const doctor::Examination& found) {
  std::string text;
  for (const doctor::Check& check : found.checks) {
    text += column(check.name) + doctor::name_of(check.finding) + "  (" + std::string(check.what_for) + ")\n";
    if (!check.cause.empty()) text += "  cause:  " + check.cause + "\n";
    if (!check.remedy.empty()) text += "  remedy: " + check.remedy + "\n";
  }
  if (!found.protections.empty()) text += "\nprotections of a step run from here:\n";
  for (const Protection& protection : found.protections)
    text += column(protection.name) + name_of(protection.state) + (protection.reason.empty() ? "" : ": " + protection.reason) + "\n";
  return text;
}

std::string as_json(const doctor::Examination& found) {
  std::vector<report::Fields> checks;
  for (const doctor::Check& check : found.checks)
    checks.push_back({{"name", std::string(check.name)}, {"state", doctor::name_of(check.finding)},
                    {"what_for", std::string(check.what_for)}, {"cause", check.cause}, {"remedy", check.remedy}});
  std::vector<report::Fields> protections;
  for (const Protection& protection : found.protections)
    protections.push_back({{"name", std::string(protection.name)}, {"requested", protection.requested ? "yes" : "no"},
                           {"state", name_of(protection.state)}, {"reason", protection.reason}});
  return report::records_to_json({{"checks", std::move(checks)}, {"protections", std::move(protections)}});
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
  const doctor::Examination found = doctor::examine_host();
  if (const int failed = print(json ? as_json(found) : as_text(found)); failed != 0) return failed;
  const bool works = std::ranges::none_of(found.checks, [](const doctor::Check& check) { return check.finding == doctor::Finding::missing; });
  return works ? 0 : 1;
}

}  // namespace stepbox::cli
