#include "plan/overlays.hpp"

#include <sys/mount.h>

#include <algorithm>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "plan/make_plan.hpp"

namespace stepbox::plan {
namespace {

constexpr uint64_t kNoGain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

// Every option is stated: their defaults are a matter of how the kernel was built (overlayfs.rst).
struct Option {
  const char* key;
  const char* of_root;
  const char* of_user;  // with userxattr, which refuses the options that trust attributes
};
constexpr Option kOptions[] = {
    {"index", "on", "off"},              // a file with several names keeps them when it is copied up
    {"metacopy", "on", "off"},           // a change of mode or times copies no content
    {"redirect_dir", "on", "nofollow"},  // a directory of the host can be renamed
    // One device number for all: otherwise find -xdev, du -x and tar --one-file-system leave out files.
    {"xino", "on", "on"},
    {"nfs_export", "off", "off"},
};

// Attributes in trusted.* belong to root of the initial user namespace (xattr(7)).
bool needs_user_attributes(const Identity& identity, const HostFacts& facts) {
  return identity.isolation == UidIsolation::mapped || facts.root_is_mapped_elsewhere;
}

std::vector<std::pair<std::string, std::string>> options_of(size_t lowers, const Identity& identity, const HostFacts& facts) {
  std::string names = "lower0";
  for (size_t i = 1; i < lowers; ++i) names += ":lower" + std::to_string(i);
  std::vector<std::pair<std::string, std::string>> options = {{"lowerdir", names}, {"upperdir", "upper"}, {"workdir", "work"}};
  const bool of_user = needs_user_attributes(identity, facts);
  if (of_user) options.push_back({"userxattr", ""});
  for (const Option& option : kOptions) options.push_back({option.key, of_user ? option.of_user : option.of_root});
  return options;
}

MountCall directory(std::string target, uint32_t mode = 0700) {
  return {.act = MountAct::directory, .target = std::move(target), .mode = mode};
}

}  // namespace

std::vector<MountCall> overlay_calls(PlannedOverlay& overlay, int index, const std::string& target, const Identity& identity,
                                     const HostFacts& facts) {
  overlay.layers = std::string(kLayers) + "/" + std::to_string(index);
  overlay.file_system = file_system_of(overlay.lowers.front(), facts);
  std::vector<MountCall> calls = {directory(overlay.layers), directory(overlay.upper()), directory(overlay.layers + "/work")};
  const size_t lowers = overlay.lowers.size();
  for (size_t i = 0; i < lowers; ++i) calls.push_back(directory(overlay.layers + "/lower" + std::to_string(i)));
  for (size_t i = 0; i < lowers; ++i) {
    MountCall lower{.act = MountAct::bind, .source = overlay.lowers[i], .target = overlay.layers + "/lower" + std::to_string(i)};
    lower.attributes = kNoGain | MOUNT_ATTR_RDONLY;
    lower.id_mapped = identity.isolation == UidIsolation::shifted ? IdMapped::required : IdMapped::no;
    lower.overlay = index;
    lower.why = "a layer of " + overlay.why;
    lower.origin = overlay.origin;
    calls.push_back(std::move(lower));
  }
  MountCall view{.act = MountAct::overlay, .source = overlay.layers, .target = target};
  view.attributes = kNoGain;
  view.options = options_of(lowers, identity, facts);
  view.overlay = index;
  view.why = overlay.why;
  view.origin = overlay.origin;
  calls.push_back(std::move(view));
  return calls;
}

std::vector<MountCall> overlay_trial(const Identity& identity, const HostFacts& facts) {
  // tmpfs has had attributes in trusted.* for longer than it can be id-mapped.
  if (!needs_user_attributes(identity, facts)) return {};
  const std::string place = std::string(kLayers) + "/trial";
  std::vector<MountCall> calls = {directory(place), directory(place + "/lower0"), directory(place + "/lower0/directory"),
                                  directory(place + "/upper"), directory(place + "/work")};
  MountCall trial{.act = MountAct::try_overlay, .source = place};
  trial.attributes = kNoGain;
  trial.options = options_of(1, identity, facts);
  trial.why = "trial of an overlay";
  calls.push_back(std::move(trial));
  return calls;
}

Result<> check_overlay(const std::string& path, std::string_view why, const Origin& origin, const Identity& identity,
                       const HostFacts& facts) {
  if (identity.isolation != UidIsolation::mapped) return {};
  const auto is_below = [&](const MountFact& mount) { return mount.path != path && is_within(mount.path, path); };
  const auto below = std::ranges::find_if(facts.mounts, is_below);
  if (below == facts.mounts.end()) return {};
  return fail("cannot show " + quoted(path) + " as an overlay, as " + std::string(why) + " (" + escaped(origin.text()) + "): " +
                  quoted(below->path) + " is mounted below it, and only root's box can leave it out",
              "unmount it, or run stepbox as root");
}

bool is_fit_for_root(const std::string& path, const Identity& identity, const HostFacts& facts, Remarks& remarks) {
  static constexpr std::string_view kGoodLayers[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "overlay"};
  const auto is_itself = [&](const MountFact& mount) { return mount.path == path; };
  const auto is_below = [&](const MountFact& mount) { return mount.path != path && is_within(mount.path, path); };
  const auto keep = [&](const std::string& why) {
    remarks.notes.push_back("root: overlay leaves " + escaped(path) + " read-only: " + why);
    return false;
  };
  const std::string type = file_system_of(path, facts);
  if (std::ranges::any_of(facts.mounts, is_itself) && std::ranges::find(kGoodLayers, type) == std::end(kGoodLayers))
    return keep("it is a file system of its own (" + escaped(type) + ")");
  const auto below = std::ranges::find_if(facts.mounts, is_below);
  if (identity.isolation == UidIsolation::mapped && below != facts.mounts.end())
    return keep(escaped(below->path) + " is mounted below it, and only root's box can leave that out");
  return true;
}

std::vector<std::string> places_of_caches(const HostFacts& facts) {
  std::vector<std::string> places;
  const auto add = [&](std::string_view path) {
    if (path.starts_with("~/") && !path.contains('<')) places.push_back(expand_home(path, facts));
  };
  add("~/.cache");
  // What holds settings or programs too is the user's, and no mere cache.
  std::vector<std::string_view> others = {"~/.config", "~/.local/share", "~/.local/state"};
  for (const caches::Tool& tool : caches::tools()) {
    for (const caches::Toolchain& toolchain : tool.toolchains) others.push_back(toolchain.path);
    others.insert(others.end(), tool.settings.begin(), tool.settings.end());
  }
  const auto holds_others = [&](std::string_view path) {
    return std::ranges::any_of(others, [&](std::string_view other) { return is_within(other, path); });
  };
  for (const caches::Tool& tool : caches::tools()) {
    const auto is_cache = [](const caches::Redirect& redirect) { return redirect.value.starts_with("cache/"); };
    if (std::ranges::none_of(tool.redirects, is_cache)) continue;
    for (const std::string_view path : tool.default_paths)
      if (!holds_others(path)) add(path);
  }
  return places;
}

std::vector<std::string> caches_in_home(const HostFacts& facts, const std::string& kept) {
  std::vector<std::string> found;
  std::vector<std::string> places = places_of_caches(facts);
  std::ranges::sort(places);
  for (const std::string& place : places) {
    const HostFacts::NamedPath* there = facts.find(place);
    // A link leads elsewhere, and nothing can be mounted over it.
    if (there == nullptr || there->kind != HostPathKind::directory || there->real != place) continue;
    if (!kept.empty() && is_within(kept, place)) continue;
    if (std::ranges::any_of(found, [&](const std::string& outer) { return is_within(place, outer); })) continue;
    found.push_back(place);
  }
  return found;
}

std::string file_system_of(std::string_view path, const HostFacts& facts) {
  const MountFact* best = nullptr;
  for (const MountFact& mount : facts.mounts)
    if (is_within(path, mount.path) && (best == nullptr || mount.path.size() >= best->path.size())) best = &mount;
  return best == nullptr ? std::string() : best->type;
}

}  // namespace stepbox::plan
