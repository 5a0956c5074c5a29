// Says in words how the box may have made a step fail. Pure: facts in, text out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/report.hpp"
#include "model/planned.hpp"

namespace stepbox::hints {

// How the step's surroundings differed from a run without stepbox, according to the plan. Most noticeable first.
std::vector<Difference> differences_of(const Planned& planned);

// "chosen for this step: network none [--network], checkout ro [strict]". Empty if all are defaults.
std::string chosen_text(const std::vector<Difference>& differences);

// "npm's settings (~/.npmrc) are hidden in the box: --settings show", if the command line runs a tool whose settings
// the step did not see, and the policy does not say that they are hidden. Otherwise empty.
std::string settings_hint(const Planned& planned, const std::vector<SettingsFile>& settings);

// Whether a command line runs a tool that has settings in homes.
bool runs_tool_with_settings(const std::vector<std::string>& argv);

// One difference between box and host that concerns a word of the command line.
struct Finding {
  enum class Kind : uint8_t {
    hidden_command,      // `name` is the program `path` on the host, and is not found in the box
    command_not_on_path, // `path` is visible in the box, but its PATH does not lead there
    hidden_socket,       // the program `name` talks to the socket `path`, which is hidden
    refusing_agent,      // the agent at `path` does not answer the step's user id
    hidden_agent,        // the agent at `path` is hidden
    hidden_safe_directory,  // git's settings at `path` are hidden, and the checkout belongs to another user
    hidden_path,         // `path` exists on the host
    hidden_parent,       // likewise, above the checkout; `path` is what --source-path needs
    not_in_box,          // nothing is known of `name` on the host, nor may be
    script_command,      // the script `path` runs the command `name`, which is not in the box
    unknown_command,     // `name` is not on the host either
    not_executable,      // the file `name` has no execute permission
    path_hidden_by_rule, // likewise; `name` is the rule that hides it
    read_only_path,      // `path` is writable on the host
    read_only_checkout   // likewise, in the checkout
  };
  Kind kind;
  std::string name;  // as typed
  std::string path;
  bool operator==(const Finding&) const = default;
};
std::string text_of(const Finding& finding);

}  // namespace stepbox::hints
