// One run, from the request to the report.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/planned.hpp"
#include "model/report.hpp"
#include "policy/resolve.hpp"

namespace stepbox::run {

struct RunRequest {
  std::vector<std::string> argv;
  std::vector<policy::Setting> settings;  // from the command line
  std::vector<std::string> policies;      // --policy
  std::vector<int> pass_fds;
  std::string run_id;                     // of the record; may be empty
  bool is_shell = false;                  // argv is a shell whose prompt gets the mark of the box
  // Called from another thread when planning takes longer than the step's timeout; must not return. Without it,
  // planning may take any time.
  std::function<void(const Error&)> give_up = {};
};

enum class Attribution : uint8_t {
  always,    // the report has a reader
  when_full  // only to name the tools that filled a volume
};

// Resolves the policy, gathers the facts and makes the plan, without doing anything yet. `explain` prints the result.
Result<Planned> plan_run(const RunRequest& request);

// The policy of a run started here.
Result<Policy> policy_in_force(const RunRequest& request);

// Runs the step to its end. An Error means that the step never ran; from its first instruction on, everything that
// happens is in the report. Takes over this process's signals for good.
Result<Report> run_step(const RunRequest& request, Attribution attribution);

}  // namespace stepbox::run
