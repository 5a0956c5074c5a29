#include "host/look_up_settings.hpp"

#include <cerrno>
#include <optional>

#include "base/text.hpp"
#include "host/home_names.hpp"
#include "host/look_at.hpp"
#include "host/pass_over.hpp"
#include "plan/settings_places.hpp"
#include "sys/files.hpp"

namespace stepbox::host {
namespace {

Result<bool> is_there(const plan::SettingsPlace& place) {
  TRY_ASSIGN(const sys::PathKind kind, sys::kind_of(place.path));
  return kind == (place.is_directory ? sys::PathKind::directory : sys::PathKind::file);
}

}  // namespace

Result<> look_up_settings(HostFacts& facts, const Policy& policy) {
  facts.settings.clear();
  if (policy.settings.value == SettingsMode::hide || policy.home.value != HomeMode::fresh) return {};
  const HomeNames home(facts.tilde());
  for (const plan::SettingsPlace& place : plan::settings_places(facts)) {
    if (home.has_no(place.path)) continue;
    const auto refuse = [&](Error error) -> std::unexpected<Error> {
      return std::unexpected(std::move(error).within("settings of " + std::string(place.tool->name) + " (" + escaped(policy.settings.origin.text()) + ")")
                                 .with_hint("see what is wrong there (ls -ld), or leave settings hidden"));
    };
    const Result<bool> found = is_there(place);
    if (!found && found.error().number == EACCES) {
      pass_over(place.path, found.error());
      continue;
    }
    if (!found) return refuse(found.error());
    if (!*found) continue;
    Result<std::optional<HostFacts::NamedPath>> seen = look_at(place.path);
    if (!seen) return refuse(std::move(seen).error());
    if (!*seen) continue;
    facts.settings.push_back(place.path);
    facts.paths.try_emplace(place.path, std::move(**seen));
  }
  return {};
}

std::vector<SettingsFile> settings_of_home(const Plan& made, const Policy& policy, const HostFacts& facts) {
  std::vector<SettingsFile> found;
  const HomeNames home(facts.tilde());
  for (const plan::SettingsPlace& place : plan::settings_places(facts)) {
    if (home.has_no(place.path)) continue;
    const Result<bool> there = is_there(place);
    // Outside the box, the caller's tools could not read such a file either.
    if (there ? !*there : there.error().number == EACCES) continue;
    found.push_back({std::string(place.tool->name), std::string(place.written), place.path, plan::shows_settings(place, made, policy, facts)});
  }
  return found;
}

}  // namespace stepbox::host
