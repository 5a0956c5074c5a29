#include <algorithm>
#include <utility>
#include <vector>

#include "base/columns.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "caches/look_up.hpp"
#include "caches/registry.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/subcommands.hpp"
#include "model/outcome.hpp"
#include "report/report.hpp"

namespace stepbox::cli {
namespace {

std::string value_of(const caches::Redirect& redirect) {
  return std::string(redirect.create == caches::Create::none ? "" : "/box/") + std::string(redirect.value);
}

// How stepbox treats a tool, in the words of --json.
enum class Treatment : uint8_t { redirected, shown, caught };

struct TreatmentRow {
  Treatment treatment;
  const char* word;
  const char* heading;
};
constexpr TreatmentRow kTreatments[] = {
    {Treatment::redirected, "redirected", "redirected into the workspace, by these variables"},
    {Treatment::shown, "shown", "programs in the home, shown read-only"},
    {Treatment::caught, "caught", "caught by the masks: home and /tmp are directories of the workspace"},
};

Treatment treatment_of(const caches::Tool& tool) {
  if (!tool.redirects.empty()) return Treatment::redirected;
  return tool.toolchains.empty() ? Treatment::caught : Treatment::shown;
}

const char* word_of(Treatment treatment) { return std::ranges::find(kTreatments, treatment, &TreatmentRow::treatment)->word; }

// As many names as a line holds.
Phrase on_one_line(const std::vector<std::string>& names) {
  constexpr size_t kRoom = 60;
  std::vector<std::string> held;
  for (size_t used = 0; held.size() < names.size() && used + names[held.size()].size() + 2 <= kRoom;) {
    used += names[held.size()].size() + 2;
    held.push_back(names[held.size()]);
  }
  Phrase phrase = listed(held);
  return held.size() == names.size() ? phrase : phrase.words("and " + std::to_string(names.size() - held.size()) + " more");
}

std::vector<std::string> names_of(const caches::Tool& tool) {
  std::vector<std::string> names;
  for (const caches::Redirect& redirect : tool.redirects) names.emplace_back(redirect.variable);
  if (names.empty())
    for (const caches::Toolchain& toolchain : tool.toolchains) names.emplace_back(toolchain.path);
  return names;
}

std::vector<Row> rows_of(Treatment treatment) {
  std::vector<Row> rows;
  for (const caches::Tool& tool : caches::tools())
    if (treatment_of(tool) == treatment) rows.push_back({std::string(tool.name), on_one_line(names_of(tool))});
  return rows;
}

// Many tools have no variable, so only their names are listed.
std::vector<Row> caught_rows() {
  std::vector<std::pair<std::string_view, std::vector<std::string>>> ecosystems;
  for (const caches::Tool& tool : caches::tools()) {
    if (treatment_of(tool) != Treatment::caught) continue;
    if (ecosystems.empty() || ecosystems.back().first != tool.ecosystem) ecosystems.push_back({tool.ecosystem, {}});
    ecosystems.back().second.emplace_back(tool.name);
  }
  std::vector<Row> rows;
  for (const auto& [ecosystem, names] : ecosystems) rows.push_back({std::string(ecosystem), listed(names)});
  return rows;
}

std::string listing() {
  std::string text;
  for (const TreatmentRow& row : kTreatments)
    text += std::string(text.empty() ? "" : "\n") + row.heading + "\n" +
            columns(row.treatment == Treatment::caught ? caught_rows() : rows_of(row.treatment));
  return text + "\n`stepbox caches TOOL` prints everything about one tool, --all the treatment of each.\n";
}

// What stepbox does about the tool, behind `what`.
Row row_of(const caches::Tool& tool, Phrase what) {
  for (const caches::Redirect& redirect : tool.redirects) what.whole(std::string(redirect.variable) + "=" + value_of(redirect));
  for (const caches::Toolchain& toolchain : tool.toolchains) what.whole("shows " + std::string(toolchain.path));
  if (treatment_of(tool) == Treatment::caught) what.words("caught by the masks");
  return {std::string(tool.name), what};
}

std::string whole_listing() {
  std::vector<Row> rows;
  for (const caches::Tool& tool : caches::tools()) rows.push_back(row_of(tool, "(" + std::string(tool.ecosystem) + ")"));
  return columns(rows);
}

std::string listing_of(const std::vector<const caches::Tool*>& tools) {
  std::vector<Row> rows;
  for (const caches::Tool* tool : tools) rows.push_back(row_of(*tool, {}));
  return "tools of " + std::string(tools.front()->ecosystem) + "\n" + columns(rows);
}

// Flat lists that name the tool, like tables of a database.
std::string as_json() {
  std::vector<report::Fields> tools, redirects, toolchains, places;
  for (const caches::Tool& tool : caches::tools()) {
    const std::string name(tool.name);
    tools.push_back({{"name", name}, {"ecosystem", std::string(tool.ecosystem)}, {"what", word_of(treatment_of(tool))},
                     {"verified", std::string(tool.verified)}, {"note", std::string(tool.note)}});
    for (const caches::Redirect& redirect : tool.redirects)
      redirects.push_back({{"tool", name}, {"variable", std::string(redirect.variable)}, {"value", value_of(redirect)}});
    for (const caches::Toolchain& toolchain : tool.toolchains)
      toolchains.push_back({{"tool", name}, {"path", std::string(toolchain.path)}, {"variable", std::string(toolchain.variable)}});
    for (const std::string_view path : tool.default_paths) places.push_back({{"tool", name}, {"path", std::string(path)}, {"in", "home"}});
    for (const caches::InTree& place : tool.in_tree) places.push_back({{"tool", name}, {"path", std::string(place.name)}, {"in", "checkout"}});
  }
  return report::records_to_json(
      {{"tools", std::move(tools)}, {"redirects", std::move(redirects)}, {"toolchains", std::move(toolchains)}, {"places", std::move(places)}});
}

// "target/ (beside Cargo.toml)"
std::string in_tree_text(const caches::InTree& place) {
  if (place.beside.empty()) return std::string(place.name);
  const std::vector<std::string> beside(place.beside.begin(), place.beside.end());
  return std::string(place.name) + " (beside " + join(beside, " or ") + ")";
}

std::string details(const caches::Tool& tool) {
  std::vector<Row> rows;
  const auto row = [&rows](const char* left, std::string_view right) { rows.push_back({left, Phrase().whole(std::string(right))}); };
  for (const caches::Redirect& redirect : tool.redirects) row("sets", std::string(redirect.variable) + "=" + value_of(redirect));
  for (const caches::Toolchain& toolchain : tool.toolchains)
    row("shows", std::string(toolchain.path) + (toolchain.variable.empty() ? "" : " as " + std::string(toolchain.variable)));
  for (const std::string_view path : tool.default_paths) row("default place", path);
  for (const std::string_view path : tool.settings) row("settings", path);
  for (const caches::InTree& place : tool.in_tree) row("in the checkout", in_tree_text(place));
  if (treatment_of(tool) == Treatment::caught) row("treatment", "caught by the masks");
  if (!tool.verified.empty()) row("seen to obey", tool.verified);
  if (!tool.note.empty()) rows.push_back({"note", Phrase(tool.note)});
  return std::string(tool.name) + " (" + std::string(tool.ecosystem) + ")\n" + columns(rows);
}

}  // namespace

int caches_command(Arguments arguments) {
  if (arguments.empty()) return print(listing());
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h") return print(help_for("caches"));
  if (arguments.size() > 1) {
    log::error({"caches takes one tool, but " + quoted(arguments[1]) + " was given too", "stepbox caches [TOOL | --all | --json]"});
    return kExitLauncher;
  }
  if (name == "--all") return print(whole_listing());
  if (name == "--json") return print(as_json());
  if (name.starts_with('-')) {
    static constexpr std::string_view kWords[] = {"--all", "--json", "--help"};
    log::error({"unknown option " + quoted(name) + " of caches", did_you_mean(name, kWords)});
    return kExitLauncher;
  }
  const caches::Found found = caches::look_up(name);
  std::string text;
  if (found.tool != nullptr) text = details(*found.tool);
  if (!found.ecosystem.empty()) text += (text.empty() ? "" : "\n") + listing_of(found.ecosystem);
  if (!text.empty()) return print(text);
  const std::string meant = did_you_mean(name, caches::known_words());
  log::error({"the registry has no tool " + quoted(name), meant.empty() ? "`stepbox caches` lists the tools" : meant});
  return kExitLauncher;
}

}  // namespace stepbox::cli
