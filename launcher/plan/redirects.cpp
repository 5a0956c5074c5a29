#include "plan/redirects.hpp"

#include <strings.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "plan/make_plan.hpp"
#include "plan/warm.hpp"

namespace stepbox::plan {
namespace {

bool are_equal(std::string_view a, std::string_view b, bool any_case) {
  if (!any_case) return a == b;
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

bool names(const EnvRule& rule, std::string_view variable, bool any_case) {
  if (rule.action != EnvAction::keep) return are_equal(rule.name, variable, any_case);
  if (!any_case) return matches_pattern(rule.name, variable);
  return matches_pattern(in_small_letters(rule.name), in_small_letters(variable));
}

// Tools that keep their cache below ~/.cache follow XDG_CACHE_HOME when their own variable is not set.
bool follows_xdg_cache(const caches::Tool& tool, const caches::Redirect& redirect) {
  if (tool.name == "xdg-base-dirs" || redirect.create == caches::Create::none) return false;
  return std::ranges::any_of(tool.default_paths, [](std::string_view path) { return path.starts_with("~/.cache/"); });
}

}  // namespace

Redirects::Redirects(const Plan& plan, const Policy& policy, const HostFacts& facts)
    : plan_(plan), policy_(policy), facts_(facts), home_opened_(policy.home.value != HomeMode::fresh && !facts.tilde().empty()) {
  for (const PathRule& rule : policy.paths) {
    if (rule.access == PathAccess::hide) continue;
    const std::string path = lexically_normal(expand_home(rule.path, facts));
    const HostFacts::NamedPath* found = facts.find(expand_home(rule.path, facts));
    shown_.push_back({&rule, path, found == nullptr ? path : found->real});
    if (rule.access == PathAccess::rw && !facts.tilde().empty() && shown_.back().real == facts.tilde()) home_opened_ = true;
  }
  if (policy.home.value != HomeMode::overlay || policy.warm.empty()) return;
  // plan_warm() tells what is wrong with them.
  for (const NamedCache& cache : named_caches(policy).value_or(std::vector<NamedCache>()))
    for (const CoveredDirectory& directory : cache.directories) warm_.push_back(directory.path);
}

bool Redirects::is_warm(const caches::Redirect& redirect) const {
  return std::ranges::any_of(warm_, [&](const std::string& directory) { return is_within("/" + directory, "/" + std::string(redirect.value)); });
}

bool Redirects::is_spelling(const caches::Redirect& redirect, std::string_view name) {
  return are_equal(redirect.variable, name, redirect.any_case);
}

// Whether a rule names the variable itself, or gives a value to another variable that decides.
bool Redirects::is_named(const caches::Tool& tool, const caches::Redirect& redirect) const {
  const auto gives_value = [&](const EnvRule& rule, std::string_view other) {
    if (rule.action == EnvAction::unset || !names(rule, other, redirect.any_case)) return false;
    return rule.action != EnvAction::keep || facts_.variable(other).has_value();
  };
  return std::ranges::any_of(policy_.environment, [&](const EnvRule& rule) {
    if (names(rule, redirect.variable, redirect.any_case)) return true;
    for (const std::string_view other : redirect.yields_to)
      if (gives_value(rule, other)) return true;
    return gives_value(rule, "XDG_CACHE_HOME") && follows_xdg_cache(tool, redirect);
  });
}

// The places where the tool would keep its files without stepbox: the caller's variable, or the tool's defaults.
std::vector<std::string> Redirects::places(const caches::Redirect& redirect) const {
  if (redirect.defaults.empty()) return {};
  for (const std::string& entry : facts_.environment) {
    if (policy_.clear_environment.value) break;
    const size_t equals = entry.find('=', 1);
    if (equals == std::string::npos || !is_spelling(redirect, std::string_view(entry).substr(0, equals))) continue;
    if (entry.substr(equals + 1).starts_with('/')) return {lexically_normal(entry.substr(equals + 1))};
  }
  std::vector<std::string> places;
  for (const std::string_view path : redirect.defaults)
    if (std::string place = expand_home(path, facts_); !place.empty()) places.push_back(std::move(place));
  return places;
}

// The rule that opens the place: a rule for exactly this place, or a writable directory of the home around it. A
// read-only rule further up (--ro ~) only lets the step look, and does not open the place.
const Redirects::Shown* Redirects::opening(const std::string& place) const {
  const bool is_home = place == facts_.tilde();
  const auto found = std::ranges::find_if(shown_, [&](const Shown& shown) {
    if (place == shown.named || place == shown.real) return !is_home;
    return shown.rule->access == PathAccess::rw && is_within(shown.real, facts_.tilde()) &&
           (is_within(place, shown.named) || is_within(place, shown.real));
  });
  return found == shown_.end() ? nullptr : &*found;
}

Decision Redirects::decide(const caches::Tool& tool, const caches::Redirect& redirect) const {
  if (redirect.when == caches::When::one_id && plan_.identity.isolation != UidIsolation::mapped) return {Fate::caller};
  if (is_named(tool, redirect)) return {Fate::named};
  if (shown_.empty() && !home_opened_) return {};
  for (const std::string& place : places(redirect)) {
    if (home_opened_ && is_within(place, facts_.tilde())) return {is_warm(redirect) ? Fate::box : Fate::caller};
    if (const Shown* shown = opening(place)) return {Fate::place, place, shown->rule->origin};
  }
  return {};
}

bool Redirects::is_opened(std::string_view path) const {
  if (home_opened_ && is_within(path, facts_.tilde())) return true;
  return std::ranges::any_of(shown_, [&](const Shown& shown) {
    return shown.rule->access == PathAccess::rw && (is_within(path, shown.named) || is_within(path, shown.real));
  });
}

bool Redirects::is_shown(std::string_view path) const {
  return std::ranges::any_of(shown_, [&](const Shown& shown) { return is_within(path, shown.real); });
}

std::vector<MovedPath> Redirects::moved_paths() const {
  std::vector<MovedPath> moved;
  if (shown_.empty()) return moved;
  std::set<std::string> targets;
  const auto add = [&](const Shown& shown, const caches::Tool& tool, const caches::Redirect& redirect) {
    for (const std::string& place : places(redirect)) {
      if (place == shown.named || place == facts_.tilde() || !is_within(shown.named, place)) continue;
      std::string target = std::string(redirect.value) + shown.named.substr(place.size());
      if (targets.insert(target).second) moved.push_back({shown.rule, shown.named, std::move(target), tool.name});
    }
  };
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Redirect& redirect : tool.redirects)
      if (redirect.create == caches::Create::directory && !redirect.defaults.empty() && decide(tool, redirect).fate == Fate::box)
        for (const Shown& shown : shown_) add(shown, tool, redirect);
  return moved;
}

}  // namespace stepbox::plan
