#include "plan/settings_places.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "plan/make_plan.hpp"
#include "plan/parts.hpp"

namespace stepbox::plan {
namespace {

constexpr std::string_view kConfigHome = "$XDG_CONFIG_HOME/";

std::string absolute_value(const HostFacts& facts, std::string_view variable) {
  const auto value = facts.variable(variable);
  return value && value->starts_with('/') ? lexically_normal(*value) : std::string();
}

// Finds the redirect that moves the file: the tool's redirect of a directory around it, otherwise the home's.
void find_mover(SettingsPlace& place, std::string_view path) {
  const auto take = [&](const caches::Tool& tool, std::string_view home, const caches::Redirect& redirect) {
    place.mover = &tool;
    place.moved_by = &redirect;
    place.below = path.substr(home.size());
  };
  for (const caches::Redirect& redirect : place.tool->redirects)
    for (const std::string_view home : redirect.defaults)
      if (redirect.create == caches::Create::directory && is_within(path, home)) return take(*place.tool, home, redirect);
  static const caches::Tool& home = *std::ranges::find(caches::tools(), "home", &caches::Tool::name);
  take(home, "~", home.redirects.front());
}

// Sets the path on the host: the caller's variables decide, otherwise the registry's default.
void find_path(SettingsPlace& place, const HostFacts& facts) {
  const bool follows_config_home = place.written.starts_with(kConfigHome);
  const std::string config_home = follows_config_home ? absolute_value(facts, "XDG_CONFIG_HOME") : std::string();
  const std::string name(follows_config_home ? place.written.substr(kConfigHome.size()) : place.written);
  if (!config_home.empty()) {
    place.path = config_home + "/" + name;
    return;
  }
  const std::string usual = follows_config_home ? "~/.config/" + name : name;
  find_mover(place, usual);
  const std::string moved = place.moved_by->variable == "HOME" ? std::string() : absolute_value(facts, place.moved_by->variable);
  place.path = moved.empty() ? expand_home(usual, facts) : moved + place.below;
}

// Whether the last mount over the target is one from the host.
bool is_seen_at(const std::string& target, const Plan& plan) {
  const auto covers = [&](const MountCall& call) {
    const bool mounts = call.act == MountAct::bind || call.act == MountAct::overlay || call.act == MountAct::rebind || call.act == MountAct::tmpfs;
    return mounts && is_within("/" + target, "/" + call.target);
  };
  const auto last = std::find_if(plan.files.mounts.rbegin(), plan.files.mounts.rend(), covers);
  return last != plan.files.mounts.rend() && (last->act == MountAct::bind || last->act == MountAct::overlay);
}

}  // namespace

std::vector<SettingsPlace> settings_places(const HostFacts& facts) {
  std::vector<SettingsPlace> places;
  for (const caches::Tool& tool : caches::tools()) {
    for (const std::string_view written : tool.settings) {
      SettingsPlace place{.tool = &tool, .written = written, .path = {}, .is_directory = written.ends_with('/')};
      find_path(place, facts);
      for (std::string* path : {&place.path, &place.below})
        if (path->ends_with('/')) path->pop_back();
      if (place.path.starts_with('/')) places.push_back(std::move(place));
    }
  }
  return places;
}

std::string moved_settings(const SettingsPlace& place, const Redirects& redirects) {
  if (place.moved_by == nullptr || redirects.decide(*place.mover, *place.moved_by).fate != Fate::box) return {};
  return std::string(place.moved_by->value) + place.below;
}

bool shows_settings(const SettingsPlace& place, const Plan& plan, const Policy& policy, const HostFacts& facts) {
  const std::string moved = moved_settings(place, Redirects(plan, policy, facts));
  // Without a box no mount hides the file, but HOME and the tools' variables may lead elsewhere.
  if (plan.confinement.isolation != Isolation::full) return moved.empty();
  if (!moved.empty()) return is_seen_at("box/" + moved, plan);
  const Checkout checkout = plan.files.source == SourceMode::none ? Checkout() : choose_checkout(policy, facts).value_or(Checkout());
  return is_seen_at(Layout(facts, policy.home.value, checkout).place(place.path), plan);
}

}  // namespace stepbox::plan
