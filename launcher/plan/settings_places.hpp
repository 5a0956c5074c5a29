// The settings files that the registry's tools have in the home: where each is on this host, and where a tool in the box
// looks for it. A redirect moves them (CARGO_HOME), as the caller's own variables do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "caches/registry.hpp"
#include "model/host_facts.hpp"
#include "model/plan.hpp"
#include "model/policy.hpp"
#include "plan/redirects.hpp"

namespace stepbox::plan {

struct SettingsPlace {
  const caches::Tool* tool;
  std::string_view written;  // as in the registry
  std::string path;          // on the host, absolute
  bool is_directory;
  // The variable that says where the directory is in which it lies (CARGO_HOME, HOME), its tool, and what follows
  // ("/config.toml"). Null: the caller's XDG_CONFIG_HOME says so, which no redirect changes.
  const caches::Tool* mover = nullptr;
  const caches::Redirect* moved_by = nullptr;
  std::string below = {};
};

// All of them, whether they exist or not; none where there is no home. Pure.
std::vector<SettingsPlace> settings_places(const HostFacts& facts);

// Where the tool looks for it in the box, below the workspace: "cache/cargo/config.toml", "home/.npmrc". Empty: at its own
// path. Pure.
std::string moved_settings(const SettingsPlace& place, const Redirects& redirects);

// Whether the step of this plan sees it where the tool looks. Pure.
bool shows_settings(const SettingsPlace& place, const Plan& plan, const Policy& policy, const HostFacts& facts);

}  // namespace stepbox::plan
