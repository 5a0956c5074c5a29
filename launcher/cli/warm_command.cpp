// `stepbox warm` is a program of its own, as the verbs of git are: what it needs does not belong in each run.
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/subcommands.hpp"
#include "model/outcome.hpp"
#include "warm/hand_over.hpp"

namespace stepbox::cli {

int warm_command(Arguments arguments) {
  if (arguments.empty()) {
    log::error({"warm needs a verb", "stepbox warm list; stepbox warm --help tells more"});
    return kExitLauncher;
  }
  if (arguments[0] == "--help" || arguments[0] == "-h") return print(help_for("warm"));
  const auto companion = warm::find_companion();
  if (!companion) {
    log::error(companion.error());
    return kExitLauncher;
  }
  std::vector<std::string> words = {"stepbox-warm"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(companion->c_str(), argv.data());
  log::error(Error::from_errno("cannot run " + quoted(*companion), errno));
  return kExitLauncher;
}

}  // namespace stepbox::cli
