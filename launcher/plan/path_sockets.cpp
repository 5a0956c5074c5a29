#include <sys/mount.h>

#include <algorithm>

#include "base/text.hpp"
#include "plan/layout.hpp"
#include "plan/parts.hpp"
#include "sandbox/landlock.hpp"

// A path socket (a socket that is a file) belongs to no network namespace: a process that sees it can connect to it,
// even through a read-only mount. Two mechanisms prevent that, and neither works everywhere. An overlay hides the
// listener, but fits only over trees that the step does not write to. Landlock refuses the connection, but only from
// Linux 7.1 on and with nested sandboxes denied, since it forbids mounts as well.
namespace stepbox::plan {
namespace {

// Host trees and sockets that a rule names, but not the box's own devices.
bool shows_sockets(const MountCall& call, bool are_trees_closed) {
  // The step sees no layer of an overlay, and an overlay hides sockets.
  if (call.act != MountAct::bind || call.overlay >= 0) return false;
  if (call.is_socket) return true;
  const bool is_tree = !call.onto_file && call.layers.empty() && !Layout::is_special(call.source);
  return is_tree && !are_trees_closed;
}

// Only what a rule of the policy shows has an origin.
bool is_named(const MountCall& call) { return !call.origin.place.empty(); }

std::string place_of(const MountCall& call) { return quoted(call.source) + " (" + call.why + ")"; }

std::string and_others(size_t others) {
  return others == 0 ? "" : ", and in " + std::to_string(others) + (others == 1 ? " other place" : " other places");
}

}  // namespace

void show_through_overlay(MountCall& call, const Plan& plan, const HostFacts& facts) {
  const bool is_read_only = (call.attributes & MOUNT_ATTR_RDONLY) != 0;
  if (plan.files.root != RootMode::system || plan.confinement.network == NetworkMode::host) return;
  if (!is_read_only || call.onto_file || Layout::is_special(call.source)) return;
  if (!facts.no_overlay_reason.empty()) return;
  // A layer is a single mount, and the mounts below it in a copied tree are locked to it (mount_namespaces(7)).
  const auto lies_below = [&](const MountFact& mount) { return mount.path != call.source && is_within(mount.path, call.source); };
  if (call.recursion == Recursion::tree && std::ranges::any_of(facts.mounts, lies_below)) return;
  // An overlay without an upper layer needs two lower ones.
  call.layers = ".:../";
  for (const char c : call.target)
    if (c == '/') call.layers += "../";
  call.layers += ".empty/directory";
}

std::vector<std::string> open_sockets(const std::vector<MountCall>& mounts) {
  std::vector<std::string> open;
  for (const MountCall& call : mounts)
    if (call.is_socket) open.push_back(call.target);
  return open;
}

Protection path_sockets(const Plan& plan, const HostFacts& facts) {
  constexpr const char* kName = "path-sockets";
  if (plan.confinement.network == NetworkMode::host) return {kName, false, ProtectionState::off, "network: host"};
  std::vector<const MountCall*> open;
  for (const MountCall& call : plan.files.mounts)
    if (shows_sockets(call, plan.confinement.scope_path_sockets)) open.push_back(&call);
  if (open.empty()) return {kName, true, ProtectionState::active, {}};
  const auto degraded = [&](bool requested, std::string reason) { return Protection{kName, requested, ProtectionState::degraded, std::move(reason)}; };
  const auto is_other = [](const MountCall* call) { return call->is_socket && !is_named(*call); };
  if (const auto other = std::ranges::find_if(open, is_other); other != open.end())
    return degraded(true, "the step can connect to " + place_of(**other));
  const auto is_named_socket = [](const MountCall* call) { return call->is_socket; };
  if (const auto named = std::ranges::find_if(open, is_named_socket); named != open.end())
    return degraded(false, place_of(**named) + " was named, and the step can connect to it");
  if (plan.files.root != RootMode::system)
    return degraded(false,
                    std::string("root: ") + name_of(plan.files.root) + " shows the host's sockets, and the step can connect to them as far as their modes allow");
  // The caller opened the writable places. A read-only one is open only because this host allows no overlay over it.
  const bool is_left_open = std::ranges::any_of(open, [](const MountCall* call) { return (call->attributes & MOUNT_ATTR_RDONLY) != 0; });
  std::string reason = "the step can connect to sockets in " + place_of(*open.front()) + and_others(open.size() - 1);
  if (!facts.no_overlay_reason.empty()) reason += "; " + facts.no_overlay_reason;
  return degraded(is_left_open, std::move(reason));
}

}  // namespace stepbox::plan
