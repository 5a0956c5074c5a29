#include "plan/box_model.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/text.hpp"

namespace stepbox::test {

HostTree::HostTree(const HostFacts& facts) {
  nodes_["/"] = NodeKind::directory;
  for (const RootEntry& entry : facts.root_entries)
    add("/" + entry.name, !entry.link.empty()                     ? NodeKind::link
                          : entry.kind == HostPathKind::directory ? NodeKind::directory
                                                                  : NodeKind::file);
  for (const char* path : {"/proc/kcore", "/proc/keys", "/proc/sysrq-trigger", "/dev/null", "/dev/zero", "/dev/full",
                           "/dev/random", "/dev/urandom", "/dev/tty"})
    add(path, NodeKind::file);
  for (const char* path : {"/sys/fs/cgroup", "/dev/shm", "/dev/pts"}) add(path, NodeKind::directory);
  for (const std::string& path : {facts.cwd, facts.checkout, facts.home, facts.passwd_home, facts.var_tmp})
    if (!path.empty()) add(path, NodeKind::directory);
  if (!facts.resolv_conf.empty()) add(facts.resolv_conf, NodeKind::file);
  if (!facts.terminal.empty()) add(facts.terminal, NodeKind::file);
  for (const MountFact& mount : facts.mounts) add(mount.path, NodeKind::directory);
  for (const HostFacts::PrivatePath& found : facts.private_paths)
    add(found.path, found.kind == HostPathKind::directory ? NodeKind::directory : NodeKind::file);
  for (const auto& [named, found] : facts.paths)
    add(found.real, found.kind == HostPathKind::directory ? NodeKind::directory : NodeKind::file);
}

void HostTree::add(const std::string& path, NodeKind kind) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    nodes_.emplace(path.substr(0, slash), NodeKind::directory);
  nodes_.emplace(path, kind);
}

NodeKind HostTree::kind_of(const std::string& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? NodeKind::missing : found->second;
}

namespace {

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string describe(const MountCall& call) {
  static constexpr const char* kActs[] = {"directory", "file", "symlink",  "tmpfs",    "bind",
                                          "rebind",    "overlay", "try overlay", "proc", "devpts", "terminal", "seal"};
  return std::string(kActs[static_cast<size_t>(call.act)]) + " /" + call.target +
         (call.source.empty() ? "" : " from " + call.source) + (call.why.empty() ? "" : " (" + call.why + ")");
}

}  // namespace

BoxModel::BoxModel(const Plan& plan, const HostFacts& facts, Step step) : host_(facts) {
  host_fs_ = new_fs("host");
  const std::span<const MountCall> mounts(plan.files.mounts);
  const auto is_rest = [](const MountCall& call) { return call.phase != MountPhase::workspace; };
  const auto rest = std::ranges::find_if(mounts, is_rest);
  carry_out_all({mounts.begin(), rest});
  if (step == Step::first) carry_out_all(plan.files.cache_directories);
  carry_out_all({rest, mounts.end()});
  if (step == Step::last) carry_out_all(plan.files.cache_directories);
}

void BoxModel::carry_out_all(std::span<const MountCall> calls) {
  for (const MountCall& call : calls) {
    const std::string refused = carry_out(call);
    if (refused.empty() || (call.optional && refused == "ENOENT")) continue;
    problems_.push_back(describe(call) + ": " + refused);
  }
}

BoxModel::FileSystem* BoxModel::new_fs(std::string type) {
  FileSystem& fs = file_systems_.emplace_back();
  fs.type = std::move(type);
  fs.nodes[""] = NodeKind::directory;
  return &fs;
}

NodeKind BoxModel::kind_in(const FileSystem& fs, const std::string& path) const {
  if (fs.type == "host") return host_.kind_of(path.empty() ? "/" : path);
  if (fs.type == "overlay") return host_.kind_of(fs.lower + path);
  // Of the box's own processes and terminals only the ones that the plan covers matter.
  if (fs.type == "proc" && !path.empty()) {
    const NodeKind kind = host_.kind_of("/proc" + path);
    return kind;
  }
  const auto found = fs.nodes.find(path);
  return found == fs.nodes.end() ? NodeKind::missing : found->second;
}

BoxModel::Mount* BoxModel::topmost_at(const Mount* parent, const std::string& path) const {
  Mount* top = nullptr;
  for (const Mount& mount : mounts_)
    if (mount.parent == parent && mount.at == path && &mount != parent) top = const_cast<Mount*>(&mount);
  return top;
}

// "tmp/x" from the box root; links are not followed.
BoxModel::Place BoxModel::resolve(std::string_view path) const {
  if (mounts_.empty()) return {};
  Mount* mount = const_cast<Mount*>(&mounts_.front());
  Place place{mount, mount->root, NodeKind::directory, false};
  if (path.empty()) return place;
  for (const std::string_view part : split(path, '/')) {
    if (place.kind == NodeKind::link) place.through_link = true;
    if (place.kind != NodeKind::directory) return {nullptr, {}, NodeKind::missing, place.through_link};
    (place.path += '/') += part;
    place.kind = kind_in(*place.mount->fs, place.path);
    while (Mount* over = topmost_at(place.mount, place.path)) {
      place.mount = over;
      place.path = over->root;
      place.kind = kind_in(*over->fs, over->root);
    }
  }
  return place;
}

std::string BoxModel::carry_out(const MountCall& call) {
  if (call.target.starts_with('/') || call.target.find("//") != std::string::npos || call.target.ends_with('/'))
    return "the target is not a plain path below the root";
  switch (call.act) {
    case MountAct::directory:
    case MountAct::file:
    case MountAct::symlink: return make(call);
    case MountAct::tmpfs: {
      FileSystem* fs = new_fs("tmpfs");
      fs->volume = call.volume;
      if (call.volume >= 0) volumes_[call.volume] = fs;
      if (!call.target.empty()) return attach(call, fs, "");
      mounts_.push_back({fs, "", false, nullptr, ""});
      return "";
    }
    case MountAct::proc: return attach(call, new_fs("proc"), "");
    case MountAct::devpts: return attach(call, new_fs("devpts"), "");
    case MountAct::terminal:
      if (resolve(parent_of(call.target)).mount->fs->type != "devpts") return "its place is in no devpts";
      return call.optional ? "" : "not every number can be had";
    case MountAct::bind: {
      const NodeKind kind = host_.kind_of(call.source);
      if (kind == NodeKind::missing) return "ENOENT";
      if (kind == NodeKind::link) return "the source is a link";
      if (const std::string refused = check_layers(call); !refused.empty()) return refused;
      return attach(call, host_fs_, call.source == "/" ? "" : call.source);
    }
    case MountAct::rebind: return rebind(call);
    case MountAct::overlay: return overlay(call);
    case MountAct::try_overlay: return has_layers(call);
    case MountAct::seal: {
      const Place place = resolve(call.target);
      if (place.kind == NodeKind::missing) return "ENOENT";
      if (place.path != place.mount->root) return "not the root of a mount";
      if ((call.attributes & MOUNT_ATTR_RDONLY) != 0) place.mount->read_only = true;
      return "";
    }
  }
  return "?";
}

// Of an overlay: the tree itself, and an empty directory that is reached from it. Nothing can be written through it.
std::string BoxModel::check_layers(const MountCall& call) const {
  if (call.layers.empty()) return "";
  const size_t colon = call.layers.find(':');
  if (call.layers.substr(0, colon) != ".") return "the first layer is not the tree";
  if (lexically_normal("/" + call.target + "/" + call.layers.substr(colon + 1)) != "/.empty/directory") return "the second layer is not empty";
  return (call.attributes & MOUNT_ATTR_RDONLY) == 0 ? "an overlay that is written to" : "";
}

// Upper and work directory must lie on one mount, and be the box's own.
std::string BoxModel::has_layers(const MountCall& call) const {
  const Place upper = resolve(call.source + "/upper");
  const Place work = resolve(call.source + "/work");
  if (upper.kind != NodeKind::directory || work.kind != NodeKind::directory) return "ENOENT";
  if (upper.mount != work.mount || upper.mount->fs->volume < 0) return "the upper layer is in no volume";
  return resolve(call.source + "/lower0").kind == NodeKind::directory ? "" : "ENOENT";
}

std::string BoxModel::overlay(const MountCall& call) {
  if (const std::string refused = has_layers(call); !refused.empty()) return refused;
  const Place lower = resolve(call.source + "/lower0");
  if (lower.mount->fs->type != "host" || !lower.mount->read_only) return "the lower layer can be written to";
  FileSystem* fs = new_fs("overlay");
  fs->volume = resolve(call.source + "/upper").mount->fs->volume;
  fs->lower = lower.path;
  return attach(call, fs, "");
}

std::string BoxModel::make(const MountCall& call) {
  const Place there = resolve(call.target);
  if (there.through_link) return "a link is on the way";
  if (there.kind != NodeKind::missing) {
    if (call.act != MountAct::directory || there.kind != NodeKind::directory) return "EEXIST";
    return there.mount->fs->type == "tmpfs" ? "" : "changes the mode of the host's " + there.path;
  }
  const Place above = resolve(parent_of(call.target));
  if (above.kind != NodeKind::directory) return "ENOENT";
  if (above.mount->fs->type != "tmpfs") return "makes something in " + above.mount->fs->type + " " + above.path;
  if (above.mount->read_only) return "EROFS";
  const std::string name = call.target.substr(call.target.rfind('/') + 1);
  above.mount->fs->nodes[above.path + "/" + name] = call.act == MountAct::directory ? NodeKind::directory
                                                    : call.act == MountAct::file    ? NodeKind::file
                                                                                    : NodeKind::link;
  return "";
}

std::string BoxModel::attach(const MountCall& call, FileSystem* fs, const std::string& root) {
  const Place place = resolve(call.target);
  if (place.through_link || place.kind == NodeKind::link) return "ELOOP";
  if (place.kind == NodeKind::missing) return "ENOENT";
  const NodeKind kind = kind_in(*fs, root);
  if (kind != place.kind) return "mounts a directory on a file or the other way round";
  if (call.target_is_ours) {
    // Nothing of the host may be on the way: a step of an earlier run could have put a link there.
    const Place above = resolve(parent_of(call.target));
    if (above.mount->fs->type == "host" || above.mount->fs->type == "overlay")
      return "says that the target is stepbox's own, but it is the host's " + place.path;
  }
  mounts_.push_back({fs, root, (call.attributes & MOUNT_ATTR_RDONLY) != 0, place.mount, place.path});
  return "";
}

std::string BoxModel::rebind(const MountCall& call) {
  const Place from = resolve(call.source);
  if (from.kind == NodeKind::missing) return "ENOENT";
  std::vector<Mount*> below;
  if (call.recursion == Recursion::tree)
    for (Mount& mount : mounts_)
      if (mount.parent == from.mount && mount.at.size() > from.path.size() && mount.at.starts_with(from.path + "/"))
        below.push_back(&mount);
  const std::string refused = attach(call, from.mount->fs, from.path);
  if (!refused.empty()) return refused;
  Mount* made = &mounts_.back();
  // What is mounted below comes along, with its own attributes; the plan's are set on all of them.
  std::vector<std::pair<Mount*, Mount*>> copies;
  for (Mount* mount : below) copies.push_back({mount, made});
  for (size_t i = 0; i < copies.size(); ++i) {
    auto [original, parent] = copies[i];
    mounts_.push_back({original->fs, original->root, original->read_only || made->read_only, parent, original->at});
    Mount* copy = &mounts_.back();
    for (Mount& mount : mounts_)
      if (mount.parent == original && &mount != copy) copies.push_back({&mount, copy});
  }
  return "";
}

BoxModel::Seen BoxModel::look(std::string_view path) const {
  const Place place = resolve(path.substr(1));
  if (place.mount == nullptr) return {};
  Seen seen;
  seen.kind = place.kind;
  seen.writable = place.kind != NodeKind::missing && !place.mount->read_only;
  seen.volume = place.mount->fs->volume;
  seen.mount = place.mount->fs->type;
  if (seen.mount == "overlay") seen.lower = place.mount->fs->lower + place.path;
  if (seen.mount == "host") seen.host = place.path.empty() ? "/" : place.path;
  return seen;
}

bool BoxModel::is_reachable(const Mount& mount) const {
  if (mount.parent == nullptr) return true;
  return topmost_at(mount.parent, mount.at) == &mount && is_reachable(*mount.parent) &&
         std::ranges::none_of(mounts_, [&](const Mount& other) {
           // Covered by a later mount further up on the same parent.
           return other.parent == mount.parent && &other != &mount && mount.at.starts_with(other.at + "/");
         });
}

std::string BoxModel::path_of(const Mount& mount) const {
  if (mount.parent == nullptr) return "";
  return path_of(*mount.parent) + mount.at.substr(mount.parent->root.size());
}

std::vector<std::string> BoxModel::writable_host_trees() const {
  std::vector<std::string> found;
  for (const Mount& mount : mounts_)
    if (mount.fs->type == "host" && !mount.read_only && is_reachable(mount))
      found.push_back(path_of(mount) + " = " + mount.root);
  std::ranges::sort(found);
  return found;
}

std::vector<std::string> BoxModel::writable_elsewhere() const {
  std::vector<std::string> found;
  for (const Mount& mount : mounts_)
    if (mount.fs->type != "host" && mount.fs->volume < 0 && !mount.read_only && is_reachable(mount))
      found.push_back(path_of(mount) + " = " + mount.fs->type);
  std::ranges::sort(found);
  return found;
}

}  // namespace stepbox::test
