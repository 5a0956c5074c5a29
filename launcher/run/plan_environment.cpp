#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "run/ci_files.hpp"
#include "run/make_plan.hpp"
#include "run/plan_parts.hpp"

namespace stepbox::run {
namespace {

// Order is kept, since programs print it; a name that is set again keeps its first place.
class Environment {
 public:
  void set(std::string name, std::string value, std::string why, bool inherited = false) {
    const auto [found, is_new] = index_.try_emplace(name, entries_.size());
    EnvEntry entry{std::move(name), std::move(value), std::move(why), inherited};
    if (is_new) entries_.push_back(std::move(entry));
    else entries_[found->second] = std::move(entry);
  }
  // Returns whether it was there.
  bool unset(const std::string& name) {
    const auto found = index_.find(name);
    if (found == index_.end()) return false;
    const size_t gone = found->second;
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(gone));
    index_.erase(found);
    for (auto& [other, at] : index_)
      if (at > gone) --at;
    return true;
  }
  const EnvEntry* find(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &entries_[found->second];
  }
  std::vector<EnvEntry> take() && { return std::move(entries_); }

 private:
  std::vector<EnvEntry> entries_;
  std::map<std::string, size_t, std::less<>> index_;
};

bool is_kept(const Policy& policy, std::string_view name) {
  return std::ranges::any_of(policy.environment, [&](const EnvRule& rule) {
    return rule.action == EnvAction::keep && matches_pattern(rule.name, name);
  });
}

void inherit(Environment& environment, Plan& plan, const Policy& policy, const HostFacts& facts) {
  for (const std::string& entry : facts.environment) {
    const size_t equals = entry.find('=', 1);
    if (equals == std::string::npos) continue;
    std::string name = entry.substr(0, equals);
    if (policy.clear_environment.value && !is_kept(policy, name) && !is_kept_when_cleared(name))
      plan.unset.push_back(std::move(name));
    else
      environment.set(std::move(name), entry.substr(equals + 1), "inherited", true);
  }
}

void redirect(Environment& environment, const Plan& plan, const Policy& policy, const HostFacts& facts) {
  for (const caches::Tool& tool : caches::tools()) {
    const std::string why = "redirect of " + std::string(tool.name);
    for (const caches::Redirect& row : tool.redirects) {
      if (is_kept(policy, row.variable)) continue;
      // In a home that is shown as it is, HOME stays what it is.
      if (row.variable == "HOME" && policy.home.value == HomeMode::host) continue;
      std::string value(row.value);
      if (const size_t at = value.find("{uid}"); at != std::string::npos)
        value.replace(at, 5, std::to_string(plan.identity.uid));
      environment.set(std::string(row.variable), row.create == caches::Create::none ? value : "/box/" + value, why);
    }
    if (policy.home.value != HomeMode::fresh) continue;
    // A toolchain stays where it is: its variable points to the host's path, unless the caller's does.
    for (const caches::Toolchain& toolchain : tool.toolchains) {
      const std::string name(toolchain.variable);
      const std::string path = expand_home(toolchain.path, facts);
      if (!name.empty() && facts.find(path) != nullptr && environment.find(name) == nullptr)
        environment.set(name, path, "toolchain of " + std::string(tool.name));
    }
  }
}

// Where redirected tools put the programs they install, at the end of PATH: `go install x && x` works.
void extend_path(Environment& environment) {
  const EnvEntry* path = environment.find("PATH");
  if (path == nullptr) return;
  std::string value = path->value;
  for (const caches::Tool& tool : caches::tools())
    for (const std::string_view programs : tool.programs) value += ":/box/" + std::string(programs);
  environment.set("PATH", std::move(value), "inherited, and where redirected tools install programs");
}

void apply_rules(Environment& environment, Plan& plan, const Policy& policy) {
  for (const EnvRule& rule : policy.environment) {
    switch (rule.action) {
      case EnvAction::set: environment.set(rule.name, rule.value, rule.origin.text()); break;
      case EnvAction::redirect: environment.set(rule.name, "/box/" + rule.value, rule.origin.text()); break;
      case EnvAction::unset:
        if (environment.unset(rule.name)) plan.unset.push_back(rule.name);
        break;
      case EnvAction::keep: break;
    }
  }
}

// execvp(3): a name with a slash is a path, others are looked for in the PATH that the step has.
std::vector<std::string> programs(const std::string& command, const EnvEntry* path) {
  if (command.find('/') != std::string::npos || command.empty()) return {command};
  std::vector<std::string> found;
  for (const std::string_view entry : split(path != nullptr ? std::string_view(path->value) : "/bin:/usr/bin", ':'))
    found.push_back((entry.empty() ? std::string(".") : std::string(entry)) + "/" + command);
  return found;
}

}  // namespace

void plan_environment(Plan& plan, const Policy& policy, const HostFacts& facts) {
  Environment environment;
  inherit(environment, plan, policy, facts);
  redirect(environment, plan, policy, facts);
  extend_path(environment);
  if (environment.find("PWD") != nullptr) environment.set("PWD", plan.cwd, "where the step starts");
  // sd_listen_fds(3) compares LISTEN_PID with the process; the step is always the second one of its box.
  if (environment.find("LISTEN_PID") != nullptr) environment.set("LISTEN_PID", "2", "socket activation");
  apply_rules(environment, plan, policy);
  plan.programs = programs(plan.argv.front(), environment.find("PATH"));
  plan.environment = std::move(environment).take();
}

}  // namespace stepbox::run
