// The step's variables: the names, and the values of those that do not come from the caller.
#include <algorithm>

#include "base/text.hpp"
#include "explain/subjects.hpp"
#include "model/dropped_variables.hpp"

namespace stepbox::explain {
namespace {

std::string cause_of(const EnvEntry& entry) {
  switch (entry.cause) {
    case EnvCause::inherited: return "inherited";
    case EnvCause::redirect: return "redirect of " + std::string(entry.tool);
    case EnvCause::toolchain: return "toolchain of " + std::string(entry.tool);
    case EnvCause::warm: return "setting of warm cache " + std::string(entry.tool);
    case EnvCause::stepbox: return "adapted to the box";
    case EnvCause::policy: return {};
  }
  return {};
}

// Folds a list of paths between the paths.
Phrase value_of(const EnvEntry& entry) {
  constexpr size_t kShort = 60;
  const std::string value = escaped(entry.value);
  if (value.size() <= kShort || entry.cause != EnvCause::stepbox) return Phrase().whole(value);
  Phrase phrase;
  const std::vector<std::string_view> parts = split(value, ':');
  for (size_t i = 0; i < parts.size(); ++i) phrase.glued(std::string(parts[i]) + (i + 1 < parts.size() ? ":" : ""));
  return phrase;
}

std::vector<std::string> names_with(const Plan& plan, EnvCause cause) {
  std::vector<std::string> names;
  for (const EnvEntry& entry : plan.step.environment)
    if (entry.cause == cause) names.push_back(escaped(entry.name));
  return names;
}

std::string variables(size_t count) { return std::to_string(count) + (count == 1 ? " variable" : " variables"); }

void add_names(Rows& rows, const char* left, const std::vector<std::string>& names, Detail detail) {
  if (!names.empty()) rows.push_back({left, some_of(names, detail)});
}

Phrase chosen_variables(const Plan& plan) {
  std::vector<std::string> texts;
  for (const EnvEntry& entry : plan.step.environment)
    if (entry.cause == EnvCause::policy) texts.push_back(escaped(entry.name) + " [" + escaped(entry.origin.text()) + "]");
  return listed(texts);
}

// Names enough variables to show what kind they are.
Phrase redirected(std::vector<std::string> names, const Plan& plan) {
  constexpr size_t kNamed = 3;
  const size_t count = names.size();
  names.resize(std::min(count, kNamed));
  Phrase phrase(variables(count) + " into");
  phrase.whole(escaped(plan.files.box) + ":").append(listed(names));
  return count > kNamed ? phrase.words("...") : phrase;
}

// Variables that single rules, or clearing the environment, took from the step. Another value may have followed.
void add_dropped(Rows& rows, const Planned& planned, Detail detail) {
  std::vector<std::string> names;
  for (const std::string& name : dropped_variables(planned.plan)) {
    const auto rule = std::ranges::find_if(planned.policy.environment, [&](const EnvRule& candidate) {
      return candidate.action == EnvAction::unset && candidate.name == name;
    });
    const bool is_ruled = rule != planned.policy.environment.end();
    names.push_back(escaped(name) + (is_ruled ? " [" + escaped(rule->origin.text()) + "]" : ""));
  }
  if (names.empty()) return;
  Phrase text = some_of(names, detail);
  if (planned.policy.clear_environment.value) text.append(from(planned.policy.clear_environment.origin, detail));
  rows.push_back({"dropped", text});
}

Rows brief_rows(const Planned& planned) {
  const Plan& plan = planned.plan;
  Rows rows;
  if (Phrase chosen = chosen_variables(plan); !chosen.empty()) rows.push_back({"set", chosen});
  if (const auto names = names_with(plan, EnvCause::redirect); !names.empty()) rows.push_back({"redirected", redirected(names, plan)});
  add_names(rows, "toolchains", names_with(plan, EnvCause::toolchain), Detail::brief);
  add_names(rows, "for warm caches", names_with(plan, EnvCause::warm), Detail::brief);
  add_names(rows, "adjusted", names_with(plan, EnvCause::stepbox), Detail::brief);
  add_dropped(rows, planned, Detail::brief);
  rows.push_back({"inherited", Phrase(variables(names_with(plan, EnvCause::inherited).size()) + ", as they are")});
  return rows;
}

}  // namespace

Rows environment_rows(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  if (detail == Detail::brief) return brief_rows(planned);
  Rows rows;
  for (const EnvEntry& entry : plan.step.environment) {
    if (entry.cause == EnvCause::inherited) continue;
    const std::string cause = cause_of(entry);
    Phrase text = value_of(entry);
    rows.push_back({escaped(entry.name), cause.empty() ? text.append(from(entry.origin, detail)) : text.words("(" + cause + ")")});
  }
  add_dropped(rows, planned, detail);
  if (const auto inherited = names_with(plan, EnvCause::inherited); !inherited.empty())
    rows.push_back({"inherited", listed(inherited).words("(as they are)")});
  return rows;
}

}  // namespace stepbox::explain
