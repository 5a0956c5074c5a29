#include "run/planning_deadline.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

#include "model/units.hpp"

namespace stepbox::run {
namespace {

using std::chrono::milliseconds;

// Ignores text that is no duration: resolving the policy will report it.
std::optional<milliseconds> announced_timeout(const RunRequest& request) {
  std::optional<std::string> text;
  if (const char* variable = std::getenv("STEPBOX_TIMEOUT")) text = variable;
  for (const policy::Setting& setting : request.settings)
    if (setting.key == "limits.timeout") text = setting.value;
  if (!text) return std::nullopt;
  const Result<milliseconds> timeout = parse_duration(*text);
  return timeout ? std::optional(*timeout) : std::nullopt;
}

}  // namespace

Result<> PlanningDeadline::start() {
  const auto timeout = announced_timeout(request_);
  return timeout ? watch(*timeout) : Result<>();
}

Result<> PlanningDeadline::follow(const Policy& policy) {
  return policy.timeout.value ? watch(*policy.timeout.value) : Result<>();
}

Result<> PlanningDeadline::watch(milliseconds timeout) {
  const milliseconds limit = std::max(timeout, kLeastSetupTime);
  if (!request_.give_up || limit == watched_) return {};
  watched_ = limit;
  const auto since = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin_);
  auto watchdog = sys::Watchdog::start(std::max(limit - since, milliseconds(0)), [this, limit] {
    request_.give_up(Error{"the run could not be planned within " + duration_text(limit) + ": a path of the host does not answer",
                           "look for a file system whose server does not answer (NFS, FUSE) among the checkout, the home and PATH"});
  });
  if (!watchdog) return std::unexpected(std::move(watchdog).error());
  watchdog_ = std::move(*watchdog);
  return {};
}

}  // namespace stepbox::run
