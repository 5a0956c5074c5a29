// One run, from what was asked to what happened.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/report.hpp"
#include "model/settings_file.hpp"
#include "policy/resolve.hpp"

namespace stepbox::run {

struct RunRequest {
  std::vector<std::string> argv;
  std::vector<policy::Setting> settings;  // from the command line
  std::vector<std::string> policies;      // --policy
  std::vector<int> pass_fds;
  bool is_shell = false;                  // argv is a shell whose prompt is to say that it is in a box
  // Called from another thread when planning takes longer than the step's timeout; does not return. Without it planning
  // may take as long as it likes.
  std::function<void(const Error&)> give_up = {};
};

enum class Attribution : uint8_t {
  always,    // somebody will read it
  when_full  // only to say who filled a volume
};

struct Planned {
  HostFacts facts;
  Policy policy;
  Plan plan;
  std::vector<SettingsFile> settings = {};  // those of the home that exist; for explain only
};

// Everything before the first thing is done: policy, host facts, plan. What `explain` prints.
Result<Planned> plan_run(const RunRequest& request);

// The policy that a run from here would have.
Result<Policy> policy_in_force(const RunRequest& request);

// Runs the step to its end. An Error means that the step never ran; from its first instruction on all
// that happens is in the report. Signals of this process are taken over for good.
Result<Report> run_step(const RunRequest& request, Attribution attribution);

}  // namespace stepbox::run
