#include "cli/dispatch.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/guarded.hpp"
#include "cli/subcommands.hpp"
#include "cli/output.hpp"
#include "model/outcome.hpp"

namespace stepbox::cli {
namespace {

int unknown_subcommand(const std::string& word) {
  std::vector<std::string_view> names;
  std::string list;
  for (const Subcommand& subcommand : subcommands()) {
    names.push_back(subcommand.name);
    list += (list.empty() ? "" : ", ") + std::string(subcommand.name);
  }
  const std::string near = did_you_mean(word, names);
  log::error({"unknown subcommand " + quoted(word) + (near.empty() ? ": there are " + list : ""),
              near.empty() ? "put a command of your own after `stepbox run --`" : near});
  return kExitLauncher;
}

int choose(const std::vector<std::string>& words) {
  if (words.empty()) {
    log::error({"no command given", "stepbox run -- COMMAND [ARG...]; stepbox --help tells more"});
    return kExitLauncher;
  }
  const Arguments rest(words.begin() + 1, words.end());
  const std::string& first = words.front();
  if (first == "--help" || first == "-h" || first == "help") return print(rest.empty() ? general_help() : help_for(rest.front()));
  if (first == "--version" || first == "version") return print(version_text());
  if (const Subcommand* subcommand = find_subcommand(first); subcommand != nullptr) return subcommand->run(rest);
  // `stepbox [OPTIONS] -- COMMAND` is `stepbox run [OPTIONS] -- COMMAND`.
  if (first.starts_with('-')) return run_command(words);
  return unknown_subcommand(first);
}

}  // namespace

int dispatch(int argc, char** argv) {
  // execve(2) allows an empty argv.
  return finish(guarded<int>([&] { return choose(std::vector<std::string>(argv + std::min(argc, 1), argv + argc)); }));
}

}  // namespace stepbox::cli
