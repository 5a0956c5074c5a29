// What the box took away that may have made a step fail, in words. Pure: facts in, text out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/report.hpp"
#include "run/run_step.hpp"

namespace stepbox::run {

// By how the step ran otherwise than without stepbox, as the plan has it. What a user misses first comes first.
std::vector<Difference> differences_of(const Planned& planned);

// "the box: home, /tmp and /run fresh; network none; `stepbox explain` says more". Empty where there is none.
std::string text_of(const std::vector<Difference>& differences);

// One thing that was found to be otherwise in the box than outside of it, and that the command line names.
struct Finding {
  enum class Kind : uint8_t {
    hidden_command,      // `name` is the program `path` outside, and is not found in the box
    command_not_on_path, // `path` is seen in the box, but its PATH does not lead there
    hidden_socket,       // the program `name` talks to the socket `path`, which is hidden
    refusing_agent,      // the agent at `path` answers other user ids than the step's
    hidden_agent,        // the agent at `path` is hidden
    hidden_safe_directory,  // git's settings `path` are hidden, and the checkout is another user's
    hidden_path,         // `path` exists outside
    path_hidden_by_rule, // likewise; `name` says which rule hides it
    read_only_path,      // `path` can be written to outside
    read_only_checkout   // likewise, in the checkout
  };
  Kind kind;
  std::string name;  // as it was typed
  std::string path;
  bool operator==(const Finding&) const = default;
};
std::string text_of(const Finding& finding);

}  // namespace stepbox::run
