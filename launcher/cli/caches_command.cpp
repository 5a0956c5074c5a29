#include <algorithm>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"
#include "caches/registry.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/subcommands.hpp"
#include "model/outcome.hpp"

namespace stepbox::cli {
namespace {

std::string padded(std::string_view text, size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string value_of(const caches::Redirect& redirect) {
  return std::string(redirect.create == caches::Create::none ? "" : "/box/") + std::string(redirect.value);
}

std::string listing() {
  std::string text = padded("TOOL", 24) + padded("ECOSYSTEM", 12) + "WHAT STEPBOX DOES\n";
  for (const caches::Tool& tool : caches::tools()) {
    std::string what;
    for (const caches::Redirect& redirect : tool.redirects)
      what += (what.empty() ? "" : " ") + std::string(redirect.variable) + "=" + value_of(redirect);
    for (const caches::Toolchain& toolchain : tool.toolchains)
      what += (what.empty() ? "" : "; ") + std::string("shows ") + std::string(toolchain.path);
    // Without a variable of its own a tool is caught by what it follows, and by the mask over home and /tmp.
    text += padded(tool.name, 24) + padded(tool.ecosystem, 12) + (what.empty() ? "caught by the masks" : what) + "\n";
  }
  return text;
}

std::string details(const caches::Tool& tool) {
  std::string text = std::string(tool.name) + " (" + std::string(tool.ecosystem) + ")\n";
  const auto row = [&text](std::string_view left, std::string_view right) { text += "  " + padded(left, 16) + std::string(right) + "\n"; };
  for (const caches::Redirect& redirect : tool.redirects) row("sets", std::string(redirect.variable) + "=" + value_of(redirect));
  for (const caches::Toolchain& toolchain : tool.toolchains)
    row("shows", std::string(toolchain.path) + (toolchain.variable.empty() ? "" : " as " + std::string(toolchain.variable)));
  for (const std::string_view path : tool.default_paths) row("default place", path);
  for (const std::string_view path : tool.in_tree) row("in the checkout", path);
  if (!tool.verified.empty()) row("seen to obey", tool.verified);
  if (!tool.note.empty()) row("note", tool.note);
  return text;
}

}  // namespace

int caches_command(Arguments arguments) {
  if (arguments.empty()) return print(listing());
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h") return print(help_for("caches"));
  if (arguments.size() > 1) {
    log::error({"caches takes one tool, but " + quoted(arguments[1]) + " was given besides", "stepbox caches [TOOL]"});
    return kExitLauncher;
  }
  const auto tools = caches::tools();
  const auto found = std::ranges::find(tools, name, &caches::Tool::name);
  if (found != tools.end()) return print(details(*found));
  std::vector<std::string_view> names;
  for (const caches::Tool& tool : tools) names.push_back(tool.name);
  log::error({"the registry has no tool " + quoted(name), did_you_mean(name, names)});
  return kExitLauncher;
}

}  // namespace stepbox::cli
