#include "ci/engines.hpp"

#include <algorithm>
#include <cstdlib>

namespace stepbox::ci {
namespace {

constexpr Engine kEngines[] = {
    {"forgejo", "FORGEJO_ACTIONS", "true", "GITHUB_RUN_ID", LogForm::workflow_commands},
    {"gitea", "GITEA_ACTIONS", "true", "GITHUB_RUN_ID", LogForm::workflow_commands},
    {"github", "GITHUB_ACTIONS", "true", "GITHUB_RUN_ID", LogForm::workflow_commands},
    {"gitlab", "GITLAB_CI", "", "CI_JOB_ID"},
    {"buildkite", "BUILDKITE", "true", "BUILDKITE_JOB_ID"},
    {"jenkins", "JENKINS_URL", "", "BUILD_TAG"},
    {"swarming", "SWARMING_TASK_ID", "", "SWARMING_TASK_ID"},
    {"slurm", "SLURM_JOB_ID", "", "SLURM_JOB_ID"},
    {"circleci", "CIRCLECI", "true", "CIRCLE_WORKFLOW_JOB_ID"},
    {"azure", "TF_BUILD", "", "BUILD_BUILDID"},
    {"teamcity", "TEAMCITY_VERSION", "", "BUILD_NUMBER"},
    {"travis", "TRAVIS", "true", "TRAVIS_JOB_ID"},
    {"woodpecker", "CI_SYSTEM_NAME", "woodpecker", "CI_PIPELINE_NUMBER"},
    {"laminar", "LAMINAR_HOST", "", "RUN"},
};

std::optional<std::string> own_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

std::span<const Engine> engines() { return kEngines; }

const Engine* engine_around(const Lookup& look_up) {
  const auto* found = std::ranges::find_if(kEngines, [&](const Engine& engine) {
    const std::optional<std::string> value = look_up(engine.variable);
    return value && !value->empty() && (engine.value.empty() || *value == engine.value);
  });
  return found == std::end(kEngines) ? nullptr : found;
}

const Engine* engine_around() { return engine_around(own_variable); }

std::string job_of(const Engine& engine, const Lookup& look_up) {
  return engine.job_variable.empty() ? std::string() : look_up(engine.job_variable).value_or(std::string());
}

std::string job_of(const Engine& engine) { return job_of(engine, own_variable); }

}  // namespace stepbox::ci
