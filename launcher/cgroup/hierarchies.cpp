#include "cgroup/hierarchies.hpp"

#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "sys/files.hpp"

namespace stepbox::cgroup {
namespace {

// One line of /proc/self/cgroup: "4:memory:/a/b", "0::/a/b".
struct Membership {
  std::vector<std::string_view> controllers;  // none: v2
  std::string_view path;
};

std::vector<Membership> memberships_of(std::string_view text) {
  std::vector<Membership> found;
  for (const std::string_view line : split(text, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view names = line.substr(first + 1, second - first - 1);
    Membership member{{}, line.substr(second + 1)};
    if (!names.empty()) member.controllers = split(names, ',');
    if (names.starts_with("name=")) continue;
    found.push_back(std::move(member));
  }
  return found;
}

bool has_controllers(const sys::HostMount& mount, const Membership& member) {
  const std::vector<std::string_view> options = split(mount.options, ',');
  return std::ranges::all_of(member.controllers,
                             [&](std::string_view name) { return std::ranges::find(options, name) != options.end(); });
}

// Whether the mount shows the group. A container often sees its own group as the top of the mount, and sometimes more
// of the tree. A path with ".." lies outside of the cgroup namespace.
bool shows(const sys::HostMount& mount, std::string_view path) {
  return !mount.root.starts_with("/..") && !path.starts_with("/..") && is_within(path, mount.root);
}

std::string own_directory(const sys::HostMount& mount, std::string_view path) {
  std::string_view below = path.substr(mount.root == "/" ? 0 : mount.root.size());
  if (below == "/") below = {};
  return mount.path + std::string(below);
}

// The words of a kernel file; none if the file does not exist.
Result<std::vector<std::string>> words_in(const std::string& file) {
  std::vector<std::string> found;
  const Result<std::string> text = sys::read_file(file, 4096);
  if (!text && sys::means_absent(text.error().number)) return found;
  if (!text) return std::unexpected(text.error());
  for (const std::string_view line : split(*text, '\n'))
    for (const std::string_view word : split(line, ' '))
      if (!word.empty()) found.emplace_back(word);
  return found;
}

// How systemd marks a group that it has delegated: the first from version 251 on; the second only root can see.
bool is_marked_delegated(const std::string& directory) {
  return std::ranges::any_of(std::array{"user.delegate", "trusted.delegate"}, [&](const char* name) {
    char value = 0;
    return ::getxattr(directory.c_str(), name, &value, 1) == 1 && value == '1';
  });
}

// The units around the group, from the outermost to the innermost.
std::vector<std::string> units_of(const CgroupHierarchy& hierarchy) {
  static constexpr std::array<std::string_view, 6> kKinds = {".service", ".scope", ".slice", ".socket", ".mount", ".swap"};
  std::vector<std::string> units;
  std::string path = hierarchy.mount;
  if (!is_within(hierarchy.own, hierarchy.mount)) return units;
  for (const std::string_view name : split(std::string_view(hierarchy.own).substr(hierarchy.mount.size()), '/')) {
    if (name.empty()) continue;
    (path += '/') += name;
    if (std::ranges::any_of(kKinds, [&](std::string_view kind) { return name.ends_with(kind); })) units.push_back(path);
  }
  return units;
}

}  // namespace

std::vector<CgroupHierarchy> find_hierarchies(const std::vector<sys::HostMount>& mounts,
                                              std::string_view proc_self_cgroup) {
  std::vector<CgroupHierarchy> hierarchies;
  for (const Membership& member : memberships_of(proc_self_cgroup)) {
    const bool unified = member.controllers.empty();
    const auto mount = std::ranges::find_if(mounts, [&](const sys::HostMount& candidate) {
      return candidate.type == (unified ? "cgroup2" : "cgroup") && shows(candidate, member.path) &&
             has_controllers(candidate, member);
    });
    if (mount == mounts.end()) continue;
    hierarchies.push_back({.unified = unified,
                           .controllers = {member.controllers.begin(), member.controllers.end()},
                           .enabled = {},
                           .own = own_directory(*mount, member.path),
                           .mount = mount->path});
  }
  return hierarchies;
}

Result<> look_up_controllers(std::vector<CgroupHierarchy>& hierarchies) {
  for (CgroupHierarchy& hierarchy : hierarchies) {
    if (!hierarchy.unified) continue;
    TRY_ASSIGN(hierarchy.controllers, words_in(hierarchy.own + "/cgroup.controllers"));
    TRY_ASSIGN(hierarchy.enabled, words_in(hierarchy.own + "/cgroup.subtree_control"));
  }
  return {};
}

std::string unit_of(const CgroupHierarchy& hierarchy) {
  const std::vector<std::string> units = units_of(hierarchy);
  return units.empty() ? std::string() : units.back();
}

void look_up_delegation(std::vector<CgroupHierarchy>& hierarchies) {
  if (::geteuid() != 0) return;
  for (CgroupHierarchy& hierarchy : hierarchies) {
    if (!hierarchy.unified) continue;
    const std::vector<std::string> units = units_of(hierarchy);
    if (!units.empty() && std::ranges::none_of(units, is_marked_delegated)) hierarchy.undelegated = units.back();
  }
}

}  // namespace stepbox::cgroup
