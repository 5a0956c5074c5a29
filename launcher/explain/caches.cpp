// Where each tool's cache is in this step: fresh, warm, or the host's.
#include <sys/mount.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "explain/subjects.hpp"

namespace stepbox::explain {
namespace {

enum class Place : uint8_t { fresh, warm, read_only, writable };

struct PlaceRow {
  Place place;
  const char* left;
};
// In the order of the page.
constexpr PlaceRow kPlaces[] = {{Place::warm, "warm"},
                                {Place::read_only, "host's, read-only"},
                                {Place::writable, "host's, writable"},
                                {Place::fresh, "fresh"}};

const EnvEntry* entry_of(const Plan& plan, const caches::Redirect& redirect) {
  const auto found = std::ranges::find(plan.step.environment, redirect.variable, &EnvEntry::name);
  return found == plan.step.environment.end() ? nullptr : &*found;
}

// What the step finds at this path of the host: the deepest of what is shown and what the workspace replaces decides.
// Shown paths below a replaced one have another target, so their sources count.
Place place_on_host(const std::string& path, const Plan& plan) {
  Place place = Place::fresh;
  size_t depth = 0;
  const auto decide = [&](std::string_view covers, Place found) {
    if (!is_within(path, covers) || covers.size() < depth) return;
    depth = covers.size();
    place = found;
  };
  for (const MountCall& call : plan.files.mounts) {
    if (call.act == MountAct::bind) decide(call.source, (call.attributes & MOUNT_ATTR_RDONLY) != 0 ? Place::read_only : Place::writable);
    if (call.act == MountAct::rebind) decide("/" + call.target, Place::fresh);
  }
  return place;
}

// "go 000042-9f86d081884c"
std::string warm_text(const std::string& path, const Plan& plan) {
  for (const PlannedWarm& planned : plan.warm)
    for (const PlannedWarmDirectory& directory : planned.directories)
      if (directory.overlay >= 0 && is_within("/" + directory.path, "/" + path)) return planned.name + " " + planned.generation->id;
  return {};
}

struct Found {
  Place place = Place::fresh;
  std::string text;  // "go-build-cache (go 000042-9f86d081884c)"
};

// Nothing for a redirect that is no cache of one tool.
Found place_of(const caches::Tool& tool, const caches::Redirect& redirect, const Plan& plan) {
  const std::string name(tool.name);
  const EnvEntry* entry = entry_of(plan, redirect);
  const std::string value = entry == nullptr || !entry->value.starts_with('/') ? std::string() : lexically_normal(entry->value);
  if (value.empty() || !is_within(value, plan.files.box)) {
    if (value.empty()) return {Place::fresh, name};
    const Place place = place_on_host(value, plan);
    return {place, place == Place::fresh ? name : name + ": " + escaped(value)};
  }
  const std::string warm = value.size() > plan.files.box.size() ? warm_text(value.substr(plan.files.box.size() + 1), plan) : std::string();
  return warm.empty() ? Found{Place::fresh, name} : Found{Place::warm, name + " (" + warm + ")"};
}

bool is_cache(const caches::Tool& tool, const caches::Redirect& redirect) {
  return redirect.create == caches::Create::directory && redirect.value.contains('/') && caches::owner_of(redirect.value) == &tool;
}

// Tools without a variable of their own have their warm directories in the home or below XDG_CACHE_HOME.
void add_unredirected(std::map<Place, std::vector<std::string>>& places, const Plan& plan) {
  for (const PlannedWarm& planned : plan.warm)
    for (const PlannedWarmDirectory& directory : planned.directories) {
      if (directory.overlay < 0) continue;
      const caches::Tool* owner = caches::owner_of(directory.path);
      const std::string text = (owner == nullptr ? directory.path : std::string(owner->name)) + " (" + planned.name + " " + planned.generation->id + ")";
      if (std::ranges::find(places[Place::warm], text) == places[Place::warm].end()) places[Place::warm].push_back(text);
    }
}

}  // namespace

Rows cache_rows(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  std::map<Place, std::vector<std::string>> places;
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Redirect& redirect : tool.redirects) {
      if (!is_cache(tool, redirect)) continue;
      Found found = place_of(tool, redirect, plan);
      places[found.place].push_back(std::move(found.text));
    }
  add_unredirected(places, plan);
  const bool is_all_fresh = places[Place::warm].empty() && places[Place::read_only].empty() && places[Place::writable].empty();
  if (detail == Detail::brief && is_all_fresh) return {};
  Rows rows;
  for (const PlaceRow& row : kPlaces) {
    if (places[row.place].empty()) continue;
    const bool is_short = detail == Detail::brief && row.place == Place::fresh;
    rows.push_back({row.left, is_short ? Phrase("all others") : listed(places[row.place])});
  }
  for (const PlannedWarm& warm : plan.warm)
    if (!warm.degraded.empty() && warm.generation) rows.push_back({"degraded", Phrase(warm.name + ":").words(warm.degraded)});
  for (const PlannedWarm& warm : plan.warm)
    if (warm.save) rows.push_back({"saved", Phrase(warm.name).words("if the step succeeds").append(from(planned.policy.warm_save.origin, detail))});
  return rows;
}

}  // namespace stepbox::explain
