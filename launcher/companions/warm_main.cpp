// stepbox-warm, the companion behind `stepbox warm` and `--warm-save`.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "cli/guarded.hpp"
#include "cli/output.hpp"
#include "cli/warm_help.hpp"
#include "companions/warm_verbs.hpp"
#include "model/outcome.hpp"

namespace stepbox::companions {
namespace {

struct Verb {
  std::string_view name;
  Result<int> (*run)(const WarmArguments&);
};
constexpr Verb kRuns[] = {
    {"list", list_warm},     {"show", show_warm},     {"path", warm_path},
    {"save", save_warm},     {"verify", verify_warm}, {"prune", prune_warm},
    {"pack", pack_warm},     {"unpack", unpack_warm}, {"save-request", save_as_requested},
};

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

Result<int> run(const std::vector<std::string>& words) {
  // A reader that is gone and a file that may not grow are errors, not deaths.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  TRY_ASSIGN(const WarmArguments arguments, read_arguments(words, ::geteuid() == 0, variable));
  if (arguments.help) return cli::print(cli::kWarmHelp);
  return std::ranges::find(kRuns, arguments.verb, &Verb::name)->run(arguments);
}

}  // namespace
}  // namespace stepbox::companions

int main(int argc, char** argv) {
  using namespace stepbox;
  return cli::finish(cli::guarded<int>([&] {
    return companions::run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  }));
}
