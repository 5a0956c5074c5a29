#include "run/fill_changes.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "caches/in_tree.hpp"
#include "caches/registry.hpp"
#include "sys/fd.hpp"
#include "workspace/changes.hpp"

namespace stepbox::run {
namespace {

using workspace::CacheAt;
using workspace::CachePlace;
using workspace::HasBeside;
using workspace::OverlayMarks;

std::optional<CachePlace> cache_in_checkout(std::string_view path, EntryType type, const HasBeside& has_beside) {
  const auto place = caches::in_tree_place(path, type == EntryType::directory, has_beside);
  if (!place) return std::nullopt;
  return CachePlace{place->tool->name, place->name, place->levels};
}

std::optional<CachePlace> cache_in_home(std::string_view path, EntryType, const HasBeside&) {
  const caches::Tool* tool = caches::owner_of("home/" + std::string(path));
  if (tool == nullptr) return std::nullopt;
  return CachePlace{tool->name, tool->name, 1};
}

// A tree, made up of one overlay or several, and the name that its paths begin with.
struct Tree {
  ChangedTree tree;
  OverlayOf of;
  std::string path;
  CacheAt cache_at;
};

std::vector<Tree> trees_of(const Planned& planned) {
  return {{ChangedTree::source, OverlayOf::source, planned.plan.files.source_path, cache_in_checkout},
          {ChangedTree::home, OverlayOf::home, planned.facts.home, cache_in_home},
          {ChangedTree::root, OverlayOf::root, "/", {}}};
}

// Only real root's overlays keep their marks where no step can set them.
OverlayMarks marks_of(const Plan& plan, size_t overlay) {
  const bool has_user_marks = std::ranges::any_of(plan.files.mounts, [&](const MountCall& call) {
    return call.act == MountAct::overlay && call.overlay == static_cast<int>(overlay) &&
           std::ranges::any_of(call.options, [](const auto& option) { return option.first == "userxattr"; });
  });
  return has_user_marks ? OverlayMarks::user : OverlayMarks::trusted;
}

// How the paths of an overlay begin in the list of its tree: with nothing, with its place in the tree, or with all of
// its path. On the host: a mask may have put it elsewhere in the box.
std::string beginning(const std::string& overlay, const std::string& tree) {
  if (overlay == tree) return {};
  if (tree == "/" || !is_within(overlay, tree)) return overlay;
  return overlay.substr(tree.size() + 1);
}

void list_overlay(const Plan& plan, const sandbox::View& view, size_t index, const Tree& tree, workspace::ChangeList& list) {
  const PlannedOverlay& overlay = plan.files.overlays[index];
  const sys::Fd lower(::open(overlay.lowers.front().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  workspace::OverlayTrees layers{.lower = lower.get(), .upper = view.upper.get(), .merged = view.merged.get(), .marks = marks_of(plan, index)};
  if (plan.identity.isolation == UidIsolation::shifted) {
    layers.uids = plan.identity.uids;
    layers.gids = plan.identity.gids;
  }
  workspace::list_changes(layers, beginning(overlay.lowers.front(), tree.path), tree.cache_at, list);
}

}  // namespace

void fill_changes(Report& report, const Planned& planned, const sandbox::Box& box) {
  const std::vector<PlannedOverlay>& overlays = planned.plan.files.overlays;
  if (overlays.empty()) return;
  for (const Tree& tree : trees_of(planned)) {
    if (std::ranges::find(overlays, tree.of, &PlannedOverlay::of) == overlays.end()) continue;
    workspace::ChangeList list(kListedChanges);
    for (size_t i = 0; i < overlays.size() && i < box.views().size(); ++i)
      if (overlays[i].of == tree.of) list_overlay(planned.plan, box.views()[i], i, tree, list);
    report.changes.push_back({tree.tree, tree.path, std::move(list).result()});
  }
}

}  // namespace stepbox::run
