#include "run/resolve_policy.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/log.hpp"
#include "base/text.hpp"
#include "policy/resolve.hpp"
#include "sys/files.hpp"

namespace stepbox::run {
namespace {

std::string announced_policy_directory(const HostFacts& facts) {
  if (const auto config = facts.variable("XDG_CONFIG_HOME"); config && config->starts_with('/')) return *config + "/stepbox";
  return facts.home.empty() ? std::string() : facts.home + "/.config/stepbox";
}

// Whether the innermost accessible directory on the way belongs to another user.
bool is_closed_by_another_user(std::string path, uint32_t uid) {
  for (; path.size() > 1; path.erase(path.rfind('/'))) {
    const auto status = sys::status_of(path);
    if (status && *status) return (*status)->st_uid != uid;
    if (!status && status.error().number != EACCES) return false;
  }
  return false;
}

// A directory inside the checkout (some CIs put HOME there) or owned by another user holds no user policy: it could
// widen what the project's own policy may only tighten.
Result<std::string> user_policy_directory(const HostFacts& facts) {
  const std::string announced = announced_policy_directory(facts);
  auto real = sys::real_path(announced);
  if (!real && real.error().number == EACCES && is_closed_by_another_user(announced, facts.uid)) {
    log::debug("no policy of the user's: " + real.error().message);
    return std::string();
  }
  if (!real) return std::unexpected(std::move(real).error().with_hint("see what is wrong there (ls -ld), or point XDG_CONFIG_HOME elsewhere"));
  if (!*real) return std::string();
  TRY_ASSIGN(const auto status, sys::status_of(**real));
  if (!status) return std::string();
  if (is_within(**real, facts.checkout) || (status->st_uid != 0 && status->st_uid != facts.uid)) {
    log::warn("ignoring the policy directory " + quoted(**real) + ": it lies in the checkout or belongs to another user");
    return std::string();
  }
  return **real;
}

}  // namespace

Result<Policy> resolve_policy(const RunRequest& request, const HostFacts& facts) {
  policy::ResolveRequest wanted;
  wanted.settings = request.settings;
  wanted.names = request.policies;
  wanted.environment = environ;
  wanted.checkout = facts.checkout;
  TRY_ASSIGN(wanted.user_directory, user_policy_directory(facts));
  wanted.cwd = facts.cwd;
  wanted.memory_bytes = facts.memory_usable;
  return policy::resolve(wanted);
}

}  // namespace stepbox::run
