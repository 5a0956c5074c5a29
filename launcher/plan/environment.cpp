#include <algorithm>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "ci/ci_files.hpp"
#include "plan/make_plan.hpp"
#include "plan/parts.hpp"
#include "plan/redirects.hpp"
#include "plan/warm.hpp"

namespace stepbox::plan {
namespace {

constexpr size_t kRoomForRedirects = 64;

// Keeps the order, since programs print it; a name that is set again keeps its first place. Searches linearly: an
// environment has some dozens of entries, and a map would cost more than it saves.
class Environment {
 public:
  void set(EnvEntry entry) {
    if (EnvEntry* found = find(entry.name)) *found = std::move(entry);
    else entries_.push_back(std::move(entry));
  }
  // Makes room for `count` entries in all.
  void reserve(size_t count) { entries_.reserve(count); }
  // Returns whether the variable was set.
  bool unset(std::string_view name) {
    return std::erase_if(entries_, [&](const EnvEntry& entry) { return entry.name == name; }) > 0;
  }
  // Removes the variables that `is_meant` selects, and appends their names to `gone`.
  template <class Predicate>
  void unset_all(Predicate is_meant, std::vector<std::string>& gone) {
    std::erase_if(entries_, [&](const EnvEntry& entry) {
      if (!is_meant(entry.name)) return false;
      gone.push_back(entry.name);
      return true;
    });
  }
  EnvEntry* find(std::string_view name) {
    const auto found = std::ranges::find(entries_, name, &EnvEntry::name);
    return found == entries_.end() ? nullptr : &*found;
  }
  std::vector<EnvEntry> take() && { return std::move(entries_); }

 private:
  std::vector<EnvEntry> entries_;
};

bool is_kept(const Policy& policy, std::string_view name) {
  return std::ranges::any_of(policy.environment, [&](const EnvRule& rule) {
    return rule.action == EnvAction::keep && matches_pattern(rule.name, name);
  });
}

void inherit(Environment& environment, std::vector<std::string>& unset, const Policy& policy, const HostFacts& facts) {
  environment.reserve(facts.environment.size() + kRoomForRedirects);
  for (const std::string& entry : facts.environment) {
    const size_t equals = entry.find('=', 1);
    std::string name = entry.substr(0, equals);
    if (policy.clear_environment.value && !is_kept(policy, name) && !ci::is_kept_when_cleared(name))
      unset.push_back(std::move(name));
    else
      environment.set({.name = std::move(name),
                       .value = equals == std::string::npos ? std::string() : entry.substr(equals + 1),
                       .has_value = equals != std::string::npos});
  }
}

std::string value_in_box(const Plan& plan, const caches::Redirect& row) {
  std::string value(row.value);
  if (const size_t at = value.find("{uid}"); at != std::string::npos) value.replace(at, 5, std::to_string(plan.identity.uid));
  if (row.create != caches::Create::none) value.insert(0, plan.files.box + "/");
  return value;
}

// Whether a rule names the variable in exactly this spelling.
bool is_ruled(const Policy& policy, std::string_view name) {
  return is_kept(policy, name) || std::ranges::any_of(policy.environment, [&](const EnvRule& rule) { return rule.name == name; });
}

void apply_redirect(Environment& environment, std::vector<std::string>& unset, const Plan& plan, const Policy& policy, const caches::Tool& tool,
                    const caches::Redirect& row, const Decision& decision) {
  if (decision.fate == Fate::caller) return;
  const bool is_named = decision.fate == Fate::named;
  // A tool may take either of two spellings; an inherited value must not beat the rule's.
  if (is_named || row.any_case)
    environment.unset_all(
        [&](const std::string& name) {
          const bool is_other = is_named || name != row.variable;
          return is_other && Redirects::is_spelling(row, name) && !is_ruled(policy, name);
        },
        unset);
  if (decision.fate == Fate::box)
    environment.set({std::string(row.variable), value_in_box(plan, row), EnvCause::redirect, tool.name, {}});
  if (decision.fate == Fate::place)
    environment.set({std::string(row.variable), decision.value, EnvCause::policy, {}, decision.origin});
}

void redirect(Environment& environment, std::vector<std::string>& unset, const Plan& plan, const Policy& policy, const HostFacts& facts) {
  const Redirects redirects(plan, policy, facts);
  for (const caches::Tool& tool : caches::tools()) {
    for (const caches::Redirect& row : tool.redirects)
      apply_redirect(environment, unset, plan, policy, tool, row, redirects.decide(tool, row));
    if (policy.home.value != HomeMode::fresh) continue;
    // A toolchain stays where it is: its variable points to the host's path, unless the caller's does.
    for (const caches::Toolchain& toolchain : tool.toolchains) {
      if (toolchain.variable.empty() || facts.find_below_home(toolchain.path) == nullptr) continue;
      if (environment.find(toolchain.variable) == nullptr)
        environment.set({std::string(toolchain.variable), expand_home(toolchain.path, facts), EnvCause::toolchain, tool.name, {}});
    }
  }
}

// Appends the directories where redirected tools install programs to PATH, so that `go install x && x` works.
void extend_path(Environment& environment, const Plan& plan) {
  EnvEntry* path = environment.find("PATH");
  if (path == nullptr) return;
  for (const caches::Tool& tool : caches::tools())
    for (const std::string_view programs : tool.programs) ((path->value += ":" + plan.files.box) += "/") += programs;
  path->cause = EnvCause::stepbox;
  path->has_value = true;
}

void apply_rules(Environment& environment, std::vector<std::string>& unset, const Plan& plan, const Policy& policy) {
  for (const EnvRule& rule : policy.environment) {
    switch (rule.action) {
      case EnvAction::set: environment.set({rule.name, rule.value, EnvCause::policy, {}, rule.origin}); break;
      case EnvAction::redirect: environment.set({rule.name, plan.files.box + "/" + rule.value, EnvCause::policy, {}, rule.origin}); break;
      case EnvAction::unset:
        if (environment.unset(rule.name)) unset.push_back(rule.name);
        break;
      case EnvAction::keep: break;
    }
  }
}

// As in execvp(3): a name with a slash is a path, other names are searched in the step's PATH.
std::vector<std::string> programs(const std::string& command, const EnvEntry* path) {
  if (command.find('/') != std::string::npos || command.empty()) return {command};
  std::vector<std::string> found;
  for (const std::string_view entry : split(path != nullptr ? std::string_view(path->value) : "/bin:/usr/bin", ':'))
    found.push_back((entry.empty() ? std::string(".") : std::string(entry)) + "/" + command);
  return found;
}

}  // namespace

StepPlan plan_step(const std::vector<std::string>& argv, const Plan& plan, const Policy& policy, const HostFacts& facts) {
  StepPlan step{.argv = argv, .programs = {}, .cwd = starting_directory(plan.files, policy, facts), .environment = {}, .unset = {}, .passed_fds = {}, .terminal = facts.terminal};
  for (const InheritedFd& inherited : facts.inherited) step.passed_fds.push_back(inherited.fd);
  Environment environment;
  inherit(environment, step.unset, policy, facts);
  redirect(environment, step.unset, plan, policy, facts);
  extend_path(environment, plan);
  // The caller's own value is the caller's choice.
  for (EnvEntry& entry : warm_variables(plan, facts))
    if (environment.find(entry.name) == nullptr) environment.set(std::move(entry));
  if (environment.find("PWD") != nullptr) environment.set({"PWD", step.cwd, EnvCause::stepbox, {}, {}});
  // sd_listen_fds(3) compares LISTEN_PID with the process; the step is always the second one of its box.
  const std::string pid(plan.confinement.isolation == Isolation::full ? "2" : kPidText);
  if (environment.find("LISTEN_PID") != nullptr) environment.set({"LISTEN_PID", pid, EnvCause::stepbox, {}, {}});
  apply_rules(environment, step.unset, plan, policy);
  step.programs = programs(argv.front(), environment.find("PATH"));
  step.environment = std::move(environment).take();
  return step;
}

}  // namespace stepbox::plan
