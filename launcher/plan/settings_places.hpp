// The settings files of the registry's tools in the home: where each lies on this host, and where the tool in the box
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
  // The variable that moves the directory holding this file (CARGO_HOME, HOME), its tool, and the rest of the path
  // ("/config.toml"). Null: the caller's XDG_CONFIG_HOME decides, which no redirect changes.
  const caches::Tool* mover = nullptr;
  const caches::Redirect* moved_by = nullptr;
  std::string below = {};
};

// All places, whether they exist or not; none without a home. Pure.
std::vector<SettingsPlace> settings_places(const HostFacts& facts);

// Where the tool in the box looks for the file, below the workspace: "cache/cargo/config.toml", "home/.npmrc". Empty:
// at its own path. Pure.
std::string moved_settings(const SettingsPlace& place, const Redirects& redirects);

// Whether the step of this plan sees the file where its tool looks. Pure.
bool shows_settings(const SettingsPlace& place, const Plan& plan, const Policy& policy, const HostFacts& facts);

}  // namespace stepbox::plan
