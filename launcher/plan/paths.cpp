#include <sys/mount.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "ci/ci_files.hpp"
#include "plan/kept_store.hpp"
#include "plan/links_out.hpp"
#include "plan/make_plan.hpp"
#include "plan/overlays.hpp"
#include "plan/parts.hpp"
#include "plan/redirects.hpp"
#include "plan/settings_places.hpp"
#include "plan/system_root.hpp"

namespace stepbox::plan {
namespace {

constexpr ptrdiff_t kNoRule = -1;
constexpr uint64_t kNoGain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

enum class NamedBy : uint8_t {
  rule,      // of the policy, or a mode that it chose
  engine,    // a CI, by its variables
  step,      // the command line, or the policy that asked for settings
  registry,  // as a toolchain in the home
  search     // PATH, or a toolchain's variable
};

// One host path and the step's access to it.
struct Placement {
  std::string host;   // as the rule or variable names it, absolute
  std::string real;   // links resolved: the mount's source
  HostPathKind kind;
  PathAccess access;
  std::string why;
  Origin origin;
  std::string moved = {};  // place below the workspace; empty: at its own path
  ptrdiff_t rule = kNoRule;  // index in the policy's paths
  bool for_others = false;   // the step reads only what every user may
  std::optional<OverlayOf> overlay = {};  // the step can write to it, and its changes are discarded
};

std::ptrdiff_t depth(const std::string& target) { return std::ranges::count(target, '/'); }

class Placements {
 public:
  Placements(const Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout, Remarks& remarks)
      : plan_(plan), remarks_(remarks), policy_(policy), facts_(facts), layout_(layout), redirects_(plan, policy, facts),
        links_out_(facts, policy.source_path.value ? plan.files.source_path : std::string()),
        without_checkout_(policy.source.value == SourceMode::none && is_project(facts)), is_reduced_(policy.root.value == RootMode::system), store_(store_in_box(policy, facts)) {
    for (const PathRule& rule : policy.paths)
      if (const HostFacts::NamedPath* found = facts.find(expand_home(rule.path, facts)); found != nullptr && rule.access == PathAccess::hide)
        hidden_.push_back({found->real, found->kind, rule.origin, &rule - policy.paths.data()});
    if (store_ == StoreInBox::hidden && plan.confinement.isolation == Isolation::full)
      hidden_.push_back({facts.kept_store, HostPathKind::directory, {}, kNoRule});
  }

  void add(Placement placement) {
    add_links(placement.host);
    placements_.push_back(std::move(placement));
  }

  // Skips paths that the box shows read-only at their own place anyway.
  void add_if_hidden(const std::string& path, PathAccess access, NamedBy named_by, std::string why) {
    const HostFacts::NamedPath* found = facts_.find(path);
    if (found == nullptr) return;
    // No program or library is a socket, and its listener would act for the step.
    if (found->is_socket && named_by != NamedBy::engine) return;
    const bool hidden = layout_.covering(path) != nullptr || layout_.covering(found->real) != nullptr ||
                        (is_reduced_ && !is_in_system(found->real));
    if (!hidden && access == PathAccess::ro) return;
    // A variable or PATH never opens a masked place itself: that would undo the mask.
    if (layout_.contains_masked(path) || layout_.contains_masked(found->real)) return;
    // The policy beats a variable.
    if (is_against_source(found->real, access) || hidden_by(found->real) != nullptr) return;
    if (is_led_out(path)) return warn_of_link(path, *found, why);
    add_links(path);
    if (is_shown_already(found->real, access)) return;
    if (access == PathAccess::ro && redirects_.is_opened(found->real)) return;
    placements_.push_back({path, found->real, found->kind, access, std::move(why), {}});
    placements_.back().for_others = is_for_others(found->real, access, named_by);
  }

  // Whether a link in the checkout leads the path out of it.
  bool is_led_out(const std::string& path) const {
    const HostFacts::NamedPath* found = facts_.find(path);
    return found != nullptr && links_out_.lead_out(path, *found);
  }

  // Shows paths of rules a second time, where a redirect makes their tool look.
  void add_moved();

  // Shows settings files where their tools look in the box.
  void add_settings();

  // Covers an entry of a toolchain that writes to it by itself, such as a hook, unless the step may write there.
  void cover(const std::string& path, std::string_view tool);

  // Hides the warm store, or makes it read-only, where the box would show it. After all that shows anything.
  void keep_store();

  // Shows an empty directory of volume home in the place of a cache in the home.
  void replace_cache(const std::string& path);

  // Fails when a path would be shown below a hidden one: the hidden place is empty, so nothing can be mounted there.
  Result<> check_hidden() const;

  std::vector<MountCall> calls() const;

 private:
  struct Hidden {
    std::string real;
    HostPathKind kind;
    Origin origin;
    ptrdiff_t rule;
  };

  const Hidden* hidden_by(const std::string& real) const {
    const auto found = std::ranges::find_if(hidden_, [&](const Hidden& hidden) { return is_within(real, hidden.real); });
    return found == hidden_.end() ? nullptr : &*found;
  }

  // Beside programs may lie secrets of the service that they belong to: /opt/app/{bin,conf}. So a reduced root shows what
  // a search found as it shows the system, its owners mapped to nobody. The toolchains that the registry names below
  // the home are the caller's own, and may be closed to others (umask 077), so they keep their owners. Anything else in
  // the home (a PATH entry, $CARGO_HOME with its credentials) does not. Nor does a toolchain that a link leads out of
  // the home.
  bool is_for_others(const std::string& real, PathAccess access, NamedBy named_by) const {
    if (!is_reduced_ || access != PathAccess::ro) return false;
    if (named_by == NamedBy::registry) return !is_within(real, facts_.tilde());
    return named_by == NamedBy::search;
  }

  // A CI that announces the checkout does not change its mode.
  bool is_against_source(const std::string& real, PathAccess access) const {
    if (without_checkout_)
      return !facts_.checkout.empty() && (is_within(real, facts_.checkout) || is_within(facts_.checkout, real));
    return plan_.files.source != SourceMode::rw && access == PathAccess::rw && is_within(real, plan_.files.source_path);
  }

  // The path lies below the checkout, or below another shown path with at least as much access.
  bool is_shown_already(const std::string& real, PathAccess access) const {
    if (plan_.files.source != SourceMode::none && is_seen_in(plan_.files.source_path, real) &&
        (plan_.files.source == SourceMode::rw || access == PathAccess::ro))
      return true;
    return std::ranges::any_of(placements_, [&](const Placement& shown) {
      return shown.access != PathAccess::hide && is_seen_in(shown.real, real) &&
             (shown.access == PathAccess::rw || access == PathAccess::ro);
    });
  }

  // Whether showing `shown` makes the path visible: it lies inside, and not in a masked place further down (HOME in
  // the checkout).
  bool is_seen_in(const std::string& shown, const std::string& real) const {
    if (!is_within(real, shown)) return false;
    const Mask* mask = layout_.covering(real);
    return mask == nullptr || mask->host == shown || !is_within(mask->host, shown);
  }

  // A reduced root lacks the links that a name may lead through, so the box makes them.
  void add_links(const std::string& path) {
    const HostFacts::NamedPath* found = facts_.find(path);
    if (found == nullptr || !is_reduced_) return;
    for (const HostFacts::PathLink& link : found->links)
      if (!is_in_system(link.path) && layout_.covering(link.path) == nullptr && !Layout::is_special(link.path)) links_.push_back(link);
  }

  std::string target_of(const Placement& placement) const {
    if (!placement.moved.empty()) return "box/" + placement.moved;
    // A rule hides the real place, under whatever name: --hide ~/link.
    if (placement.access == PathAccess::hide && placement.rule != kNoRule) return layout_.place(placement.real);
    return layout_.place(layout_.covering(placement.host) != nullptr ? placement.host : placement.real);
  }

  // A rule for the real path answers the question, in whatever way.
  void warn_of_link(const std::string& path, const HostFacts::NamedPath& found, const std::string& why) {
    if (redirects_.is_shown(found.real)) return;
    std::string warning = "not showing " + quoted(path) + " (" + why + "): " + LinksOut::text_of(found);
    if (std::ranges::find(remarks_.warnings, warning) == remarks_.warnings.end()) remarks_.warnings.push_back(std::move(warning));
  }

  MountCall call_of(const Placement& placement) const;
  void add_covers(std::vector<MountCall>& calls) const;
  bool is_store_seen() const;

  const Plan& plan_;
  Remarks& remarks_;
  const Policy& policy_;
  const HostFacts& facts_;
  const Layout& layout_;
  const Redirects redirects_;
  const LinksOut links_out_;
  const bool without_checkout_;
  const bool is_reduced_;
  const StoreInBox store_;
  std::vector<HostFacts::PathLink> links_;
  std::vector<Hidden> hidden_;
  std::vector<Placement> placements_;
  std::vector<MountCall> replaced_;
};

void Placements::add_moved() {
  if (plan_.confinement.isolation != Isolation::full) return;
  for (MovedPath& moved : redirects_.moved_paths()) {
    const HostFacts::NamedPath* found = facts_.find(expand_home(moved.rule->path, facts_));
    if (found == nullptr) continue;
    placements_.push_back({moved.host, found->real, found->kind, moved.rule->access,
                           std::string(name_of(moved.rule->access)) + ", for " + std::string(moved.tool), moved.rule->origin,
                           std::move(moved.target), moved.rule - policy_.paths.data()});
  }
}

void Placements::add_settings() {
  for (const SettingsPlace& place : settings_places(facts_)) {
    if (std::ranges::find(facts_.settings, place.path) == facts_.settings.end()) continue;
    const HostFacts::NamedPath* found = facts_.find(place.path);
    if (found == nullptr) continue;
    std::string why = "settings of " + std::string(place.tool->name);
    std::string moved = moved_settings(place, redirects_);
    if (moved.empty()) add_if_hidden(place.path, PathAccess::ro, NamedBy::step, std::move(why));
    else if (is_led_out(place.path)) warn_of_link(place.path, *found, why);
    else if (hidden_by(found->real) == nullptr && !is_against_source(found->real, PathAccess::ro))
      placements_.push_back({place.path, found->real, found->kind, PathAccess::ro, std::move(why), {}, std::move(moved)});
  }
}

void Placements::cover(const std::string& path, std::string_view tool) {
  const HostFacts::NamedPath* found = facts_.find(path);
  if (found == nullptr || plan_.confinement.isolation != Isolation::full || redirects_.is_opened(found->real)) return;
  const bool is_source_writable = plan_.files.source == SourceMode::rw || plan_.files.source == SourceMode::overlay;
  if (is_source_writable && is_within(found->real, plan_.files.source_path)) return;
  // A reduced root may not show the toolchain at all.
  if (is_reduced_ && !is_in_system(found->real) && !is_shown_already(found->real, PathAccess::ro)) return;
  placements_.push_back({path, found->real, found->kind, PathAccess::hide, "writes to the toolchain of " + std::string(tool), {}});
}

void Placements::replace_cache(const std::string& path) {
  replaced_.push_back({.act = MountAct::rebind,
                       .source = std::string(kBoxHome) + path.substr(facts_.home.size()),
                       .target = layout_.place(path),
                       .attributes = kNoGain,
                       .why = "cache in the home"});
}

bool Placements::is_store_seen() const {
  const std::string& store = facts_.kept_store;
  const bool is_in_root = layout_.covering(store) == nullptr && !Layout::is_special(store) && (!is_reduced_ || is_in_system(store));
  return is_in_root || std::ranges::any_of(placements_, [&](const Placement& shown) {
           return shown.access != PathAccess::hide && is_seen_in(shown.real, store);
         });
}

void Placements::keep_store() {
  if (plan_.confinement.isolation != Isolation::full || store_ == StoreInBox::absent || store_ == StoreInBox::as_named || !is_store_seen()) return;
  const PathAccess access = store_ == StoreInBox::hidden ? PathAccess::hide : PathAccess::ro;
  Placement store{facts_.kept_store, facts_.kept_store, HostPathKind::directory, access, "the warm store", {}};
  if (access == PathAccess::ro) return placements_.push_back(std::move(store));
  // A rule of the user's may hide what lies around it.
  replaced_.push_back(call_of(store));
  replaced_.back().optional = replaced_.back().protects = true;
}

Result<> Placements::check_hidden() const {
  for (const Placement& placement : placements_) {
    if (placement.access == PathAccess::hide) continue;
    const Hidden* hidden = hidden_by(placement.real);
    if (hidden != nullptr && hidden->rule == kNoRule)
      return fail("cannot show " + quoted(placement.real) + " (" + placement.why + "): it lies in the warm store " + quoted(hidden->real) + ", which steps do not see",
                  "if the step may read it, name it: --ro " + escaped(placement.real));
    if (hidden == nullptr || hidden->real == placement.real) continue;
    return fail("cannot show " + quoted(placement.real) + " (" + placement.why + "): it lies below " + quoted(hidden->real) +
                    ", which is hidden (" + hidden->origin.text() + ")",
                "hide what lies beside it instead");
  }
  return {};
}

MountCall Placements::call_of(const Placement& placement) const {
  const bool shifted = plan_.identity.isolation == UidIsolation::shifted;
  MountCall call{.act = MountAct::bind, .source = placement.real, .target = target_of(placement)};
  call.why = placement.why;
  call.origin = placement.origin;
  call.onto_file = placement.kind == HostPathKind::file;
  if (placement.access == PathAccess::hide) {
    call.act = MountAct::rebind;
    call.source = placement.kind == HostPathKind::directory ? ".empty/directory" : ".empty/file";
    call.attributes = kNoGain | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
    return call;
  }
  // /dev/shm only looks special by its name.
  const bool special = Layout::is_special(placement.real) && layout_.covering(placement.real) == nullptr;
  // Device nodes are useful only on a mount that allows devices, and the caller named this one.
  call.attributes = special && is_within(placement.real, "/dev") ? MOUNT_ATTR_NOSUID : kNoGain;
  if (placement.access == PathAccess::ro) call.attributes |= MOUNT_ATTR_RDONLY;
  // An unprivileged mount namespace may copy an inherited tree only as a whole (mount_namespaces(7)).
  call.recursion = plan_.identity.isolation == UidIsolation::mapped ? Recursion::tree : Recursion::single;
  if (shifted && !special && !placement.for_others)
    call.id_mapped = placement.access == PathAccess::rw ? IdMapped::required : IdMapped::preferred;
  if (placement.overlay) {
    call.act = MountAct::overlay;
    call.overlay_of = *placement.overlay;
    return call;
  }
  const HostFacts::NamedPath* found = facts_.find(placement.host);
  call.is_socket = found != nullptr && found->is_socket;
  show_through_overlay(call, plan_, facts_);
  return call;
}

// A tree that is shown at a second place, through a link or for a tool that looks there, brings along what a rule hides
// at its own path.
void Placements::add_covers(std::vector<MountCall>& calls) const {
  for (const Placement& shown : placements_) {
    if (shown.access == PathAccess::hide) continue;
    const std::string target = target_of(shown);
    for (const Hidden& hidden : hidden_) {
      if (!is_within(hidden.real, shown.real) || (hidden.real == shown.real && hidden.rule < shown.rule)) continue;
      Placement cover{hidden.real, hidden.real, hidden.kind, PathAccess::hide, name_of(PathAccess::hide), hidden.origin};
      MountCall call = call_of(cover);
      call.target = target + hidden.real.substr(shown.real.size());
      call.optional = call.protects = hidden.rule == kNoRule;
      const auto is_there = [&](const MountCall& other) { return other.target == call.target && other.act == MountAct::rebind; };
      if (call.target != layout_.place(hidden.real) && std::ranges::none_of(calls, is_there)) calls.push_back(std::move(call));
    }
  }
}

std::vector<MountCall> Placements::calls() const {
  std::vector<MountCall> calls;
  for (const HostFacts::PathLink& link : links_)
    calls.push_back({.act = MountAct::symlink, .source = link.text, .target = layout_.place(link.path)});
  for (const Placement& placement : placements_) {
    calls.push_back(call_of(placement));
    if (placement.access == PathAccess::hide || plan_.identity.isolation == UidIsolation::mapped) continue;
    // Privileged copies take single mounts, since not every mount of the host can be id-mapped. Mounts below follow
    // one by one.
    for (const MountFact& mount : facts_.mounts) {
      if (mount.path == placement.real || !is_within(mount.path, placement.real)) continue;
      // Skips kernel file systems, such as the /proc in a chroot, except below /dev, /sys and /proc, where the user
      // named them with their directory.
      if (is_kernel_file_system(mount.type) && !Layout::is_special(placement.real)) continue;
      // What is mounted below an overlay is read-only.
      Placement shown = placement;
      shown.overlay.reset();
      MountCall below = call_of(shown);
      below.source = mount.path;
      below.target += mount.path.substr(placement.real == "/" ? 0 : placement.real.size());
      below.why += ", mounted below";
      if (below.id_mapped == IdMapped::required) below.id_mapped = IdMapped::preferred;
      below.optional = true;
      below.layers.clear();
      show_through_overlay(below, plan_, facts_);
      calls.push_back(std::move(below));
    }
  }
  std::ranges::copy(replaced_, std::back_inserter(calls));
  add_covers(calls);
  // Shallow before deep, so that no mount covers an earlier one. At equal depth the rules' order decides.
  std::ranges::stable_sort(calls, {}, [](const MountCall& call) { return depth(call.target); });
  return calls;
}

// A typing mistake would leave a secret visible. Project and built-in policies are exempt: they are written without
// knowing the machine's paths.
Result<> refuse_to_hide_nothing(const PathRule& rule) {
  if (rule.origin.layer == Layer::project || rule.origin.layer == Layer::built_in) return {};
  return fail("cannot hide " + quoted(rule.path) + " (" + escaped(rule.origin.text()) + "): it does not exist",
              "correct the path, or take it out where there is nothing to hide");
}

// What a link of the checkout names, the project chose.
Result<> refuse_link_out(const PathRule& rule, const HostFacts::NamedPath& found) {
  return fail("cannot show " + quoted(rule.path) + " (" + escaped(rule.origin.text()) + "): " + LinksOut::text_of(found),
              "if you mean that place, name the real path: --" + std::string(name_of(rule.access)) + " " + escaped(found.real));
}

// Instead of a volume, the step would get the host's directory: with its contents, and without a quota.
Result<> refuse_to_show_volume(const PathRule& rule, const std::string& real, const Layout& layout) {
  const Mask* mask = layout.covering(real);
  if (mask == nullptr || mask->host != real) return {};
  const bool is_home = mask->box == kBoxHome;
  // A user who opens the host's home for writing does not expect a fresh one.
  if (is_home && rule.access == PathAccess::rw) return {};
  const std::string example = std::string("--") + name_of(rule.access) + " " + (is_home ? "~" : escaped(real)) + "/NAME";
  return fail("cannot show " + quoted(rule.path) + " (" + escaped(rule.origin.text()) + "): the box has its own there, for the step to write to",
              "name the file or directory in it that the step needs: " + example + (is_home ? ", or use --home host" : ""));
}

Result<> add_rules(Placements& placements, const Policy& policy, const HostFacts& facts, const Layout& layout) {
  const bool is_in_box = policy.isolation.value == Isolation::full;
  for (const PathRule& rule : policy.paths) {
    const std::string path = expand_home(rule.path, facts);
    const HostFacts::NamedPath* found = facts.find(path);
    if (found == nullptr) {
      if (rule.access == PathAccess::hide) {
        TRY(refuse_to_hide_nothing(rule));
        continue;
      }
      return fail("cannot show " + quoted(rule.path) + " (" + rule.origin.text() + "): it does not exist",
                  "make it before the run, or take it out of the policy");
    }
    if (found->real == "/")
      return fail("cannot use '/' with " + std::string(name_of(rule.access)) + " (" + rule.origin.text() + ")",
                  "name the directory that you mean");
    if (rule.access != PathAccess::hide && placements.is_led_out(path)) return refuse_link_out(rule, *found);
    if (rule.access != PathAccess::hide && is_in_box) TRY(refuse_to_show_volume(rule, found->real, layout));
    if (rule.access == PathAccess::hide && Layout::is_special(found->real) && found->real.find('/', 1) == std::string::npos)
      return fail("cannot hide " + quoted(found->real) + " (" + rule.origin.text() + "): the box makes its own there",
                  "hide what lies in it by name");
    // A mask hides the place already, and the step needs the workspace directory there.
    if (const Mask* mask = layout.covering(found->real);
        rule.access == PathAccess::hide && mask != nullptr && mask->host == found->real)
      continue;
    placements.add({path, found->real, found->kind, rule.access, std::string(name_of(rule.access)), rule.origin, {}, &rule - policy.paths.data()});
  }
  return {};
}

void add_toolchains(Placements& placements, const HostFacts& facts, const Policy& policy) {
  if (policy.home.value != HomeMode::fresh) return;
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Toolchain& toolchain : tool.toolchains)
      if (facts.find_below_home(toolchain.path) != nullptr)
        placements.add_if_hidden(expand_home(toolchain.path, facts), PathAccess::ro, NamedBy::registry, "toolchain of " + std::string(tool.name));
}

void cover_in_toolchains(Placements& placements, const HostFacts& facts) {
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Toolchain& toolchain : tool.toolchains)
      for (const std::string_view name : toolchain.without) placements.cover(below_toolchain(toolchain, name, facts), tool.name);
}

void add_path_entries(Placements& placements, const HostFacts& facts) {
  const auto path = facts.variable("PATH");
  if (!path) return;
  for (const std::string_view entry : split(*path, ':'))
    if (entry.starts_with('/')) placements.add_if_hidden(lexically_normal(entry), PathAccess::ro, NamedBy::search, "PATH");
}

// With a reduced root, shows the libraries beside the programs of PATH, and toolchains that variables point to.
void add_toolchains_elsewhere(Placements& placements, const HostFacts& facts, const Policy& policy, const Layout& layout) {
  if (policy.root.value != RootMode::system) return;
  for (const std::string& toolchain : announced_toolchains(policy, facts))
    placements.add_if_hidden(toolchain, PathAccess::ro, NamedBy::search, "toolchain of a variable");
  const std::string path = facts.variable("PATH").value_or(std::string());
  for (const std::string_view entry : split(path, ':')) {
    const HostFacts::NamedPath* programs = entry.starts_with('/') ? facts.find(lexically_normal(entry)) : nullptr;
    if (programs == nullptr || layout.covering(programs->real) != nullptr) continue;
    if (placements.is_led_out(lexically_normal(entry))) continue;
    placements.add_if_hidden(toolchain_of(programs->real, facts), PathAccess::ro, NamedBy::search, "toolchain of PATH");
  }
}

Result<> add_home_overlay(Placements& placements, const Plan& plan, const Policy& policy, const HostFacts& facts) {
  if (facts.home.empty() || facts.home == "/") return {};
  Placement home{facts.home, facts.home, HostPathKind::directory, PathAccess::ro, "home", policy.home.origin};
  TRY(check_overlay(facts.home, home.why, home.origin, plan.identity, facts));
  home.overlay = OverlayOf::home;
  placements.add(std::move(home));
  for (const std::string& cache : caches_in_home(facts, plan.files.source_path)) placements.replace_cache(cache);
  return {};
}

// A linked work tree and a submodule keep index, objects and branches outside the checkout: without them `git add`
// fails.
Result<> add_git_directory(Placements& placements, const Plan& plan, const Placement& checkout, const HostFacts& facts,
                           const Layout& layout, Remarks& remarks) {
  std::string problem = facts.git_directory_problem;
  if (!facts.git_directory.empty() && layout.contains_masked(facts.git_directory)) problem = quoted(facts.git_directory) + " holds places that the box replaces";
  if (!problem.empty()) {
    remarks.warnings.push_back("the git directory that the checkout names is not shown with it: " + problem +
                               "; if it is the right one, name it: --rw DIRECTORY");
    return {};
  }
  if (facts.git_directory.empty()) return {};
  Placement git{facts.git_directory, facts.git_directory, HostPathKind::directory, checkout.access, "git directory of the checkout", checkout.origin};
  git.overlay = checkout.overlay;
  if (git.overlay) TRY(check_overlay(git.real, git.why, git.origin, plan.identity, facts));
  placements.add(std::move(git));
  return {};
}

// As the overlay's root, or below it, a file of an owner that the box has no id for cannot be changed (EOVERFLOW).
Result<> check_owner(const std::string& checkout, const Identity& identity, const HostFacts& facts) {
  if (identity.isolation != UidIsolation::mapped || (facts.checkout_uid == facts.uid && facts.checkout_gid == facts.gid)) return {};
  return fail("cannot show " + quoted(checkout) + " as an overlay, as the checkout: it belongs to user " + std::to_string(facts.checkout_uid) + " and group " +
                  std::to_string(facts.checkout_gid) + ", and this box has only user " + std::to_string(facts.uid) + " and group " + std::to_string(facts.gid),
              "run stepbox as root, change its owner and group, or use --source ro");
}

Result<> add_checkout(Placements& placements, const Plan& plan, const Policy& policy, const HostFacts& facts, const Layout& layout,
                      Remarks& remarks) {
  if (plan.files.source == SourceMode::none) return {};
  const std::string& path = plan.files.source_path;
  Placement checkout{path, path, HostPathKind::directory, plan.files.source == SourceMode::rw ? PathAccess::rw : PathAccess::ro, "the checkout", policy.source.origin};
  if (plan.files.source == SourceMode::overlay) {
    TRY(check_overlay(path, checkout.why, checkout.origin, plan.identity, facts));
    TRY(check_owner(path, plan.identity, facts));
    checkout.overlay = OverlayOf::source;
  }
  TRY(add_git_directory(placements, plan, checkout, facts, layout, remarks));
  placements.add(std::move(checkout));
  return {};
}

}  // namespace

Result<std::vector<MountCall>> plan_paths(const Plan& plan, const Policy& policy, const HostFacts& facts,
                                          const Layout& layout, Remarks& remarks) {
  Placements placements(plan, policy, facts, layout, remarks);
  TRY(add_checkout(placements, plan, policy, facts, layout, remarks));
  // The registry before variables and PATH: ~/.cargo/bin is in both, and the registry describes it better.
  add_toolchains(placements, facts, policy);
  add_toolchains_elsewhere(placements, facts, policy, layout);
  cover_in_toolchains(placements, facts);
  add_path_entries(placements, facts);
  const bool is_reduced = policy.root.value == RootMode::system;
  for (const ci::CiPath& announced : ci::announced_ci_paths(facts)) {
    // For a file directly in /tmp: the directory stays masked, and the file alone is shown.
    const bool file_alone = layout.contains_masked(announced.path) && !announced.file.empty();
    const std::string& path = file_alone ? announced.file : announced.path;
    // A reduced root shows these paths read-only: what the engine reads back from them decides what runs next
    // (GITHUB_PATH). It shows no sockets, since their listeners would act for the step.
    const HostFacts::NamedPath* found = facts.find(path);
    if (is_reduced && found != nullptr && found->is_socket) continue;
    placements.add_if_hidden(path, is_reduced ? PathAccess::ro : announced.access, NamedBy::engine, "announced by " + announced.variable);
  }
  for (const HostFacts::Program& program : facts.programs)
    placements.add_if_hidden(program.path, PathAccess::ro, NamedBy::step, program.is_script ? "script of the command line" : "program of the command line");
  if (!facts.settings.empty()) placements.add_settings();
  if (!facts.resolv_conf.empty()) placements.add_if_hidden(facts.resolv_conf, PathAccess::ro, NamedBy::search, "/etc/resolv.conf");
  // A home that cannot be masked ("/", a service's) is not shown, unless the user asked for it.
  if (policy.home.value == HomeMode::overlay) TRY(add_home_overlay(placements, plan, policy, facts));
  if (policy.home.value == HomeMode::host && !facts.home.empty() && facts.home != "/")
    placements.add({facts.home, facts.home, HostPathKind::directory, PathAccess::rw, "home", policy.home.origin});
  if (policy.source.value == SourceMode::none && is_project(facts) && !facts.checkout.empty() && !layout.contains_masked(facts.checkout) &&
      layout.covering(facts.checkout) == nullptr && !Layout::is_special(facts.checkout))
    placements.add({facts.checkout, facts.checkout, HostPathKind::directory, PathAccess::hide, "the checkout", policy.source.origin});
  TRY(add_rules(placements, policy, facts, layout));
  placements.add_moved();
  placements.keep_store();
  TRY(placements.check_hidden());
  return placements.calls();
}

}  // namespace stepbox::plan
