// The workspace, and the host's files that the step sees.
#include <sys/mount.h>

#include <algorithm>

#include "base/text.hpp"
#include "explain/subjects.hpp"

namespace stepbox::explain {
namespace {

bool is_read_only(const MountCall& call) { return (call.attributes & MOUNT_ATTR_RDONLY) != 0; }
bool covers(const MountCall& call) { return call.act == MountAct::rebind && call.source.starts_with(".empty"); }

std::string attributes_of(const MountCall& call) {
  std::string text = is_read_only(call) ? "ro" : "rw";
  if (call.id_mapped != IdMapped::no) text += ", id-mapped";
  if (!call.layers.empty()) text += ", no sockets";
  if (call.act == MountAct::overlay) text += ", changes are discarded";
  if (call.recursion == Recursion::tree && call.act == MountAct::bind) text += ", with the mounts below it";
  return text;
}

std::string source_of(const Plan& plan, const MountCall& call) {
  switch (call.act) {
    case MountAct::overlay: return escaped(plan.files.overlays[static_cast<size_t>(call.overlay)].lowers.front());
    case MountAct::bind: return escaped(call.source);
    case MountAct::rebind: return covers(call) ? "(nothing)" : "/" + escaped(call.source);
    case MountAct::tmpfs: return "new tmpfs";
    case MountAct::proc: return "new proc";
    case MountAct::devpts: return "new devpts";
    case MountAct::terminal: return "terminal " + call.source;
    default: return {};
  }
}

Rows all_mounts(const Plan& plan) {
  Rows rows;
  for (const MountCall& call : plan.files.mounts) {
    const std::string source = source_of(plan, call);
    if (source.empty()) continue;
    rows.push_back({"/" + escaped(call.target), Phrase()
                                                    .whole(source)
                                                    .words("(" + attributes_of(call) + "): " + call.why)
                                                    .append(from(call.origin, Detail::whole))});
  }
  return rows;
}

// Mounts that every box has, or that have rows of their own.
bool is_usual(const MountCall& call) {
  static constexpr std::string_view kUsual[] = {"host", "device", "mask", "the terminal", "no way to the host's cgroups", "the checkout", "layers of overlays"};
  const bool is_layer = call.act == MountAct::bind && call.overlay >= 0;
  const bool is_of_host = call.act == MountAct::bind || call.act == MountAct::overlay || covers(call);
  return !is_of_host || is_layer || std::ranges::find(kUsual, call.why) != std::end(kUsual);
}

std::string what_is_done(const MountCall& call) {
  if (covers(call)) return "hidden";
  return is_read_only(call) ? "read-only" : "writable";
}

// Toolchains appear below the box's home too; readers know them by their path on the host.
std::string path_of(const MountCall& call) { return escaped(call.act == MountAct::bind ? call.source : "/" + call.target); }

// Warm caches have a subject of their own.
bool is_warm(const MountCall& call, const Plan& plan) {
  return call.overlay >= 0 && plan.files.overlays[static_cast<size_t>(call.overlay)].of == OverlayOf::warm;
}

// Each named path gets a row; other_paths() groups the rest by treatment and reason.
void named_paths(Rows& rows, const Plan& plan) {
  for (const MountCall& call : plan.files.mounts) {
    if (is_usual(call) || call.origin.place.empty() || is_warm(call, plan)) continue;
    rows.push_back({what_is_done(call), Phrase().whole(path_of(call)).append(from(call.origin, Detail::whole))});
  }
}

struct Group {
  std::string left;
  std::string why;
  std::vector<std::string> paths;
};

// "toolchain of rust" and "toolchain of python" are one group.
std::string kind_of(const MountCall& call) {
  constexpr std::string_view kToolchain = "toolchain of ";
  constexpr std::string_view kWrites = "writes to the toolchain of ";
  if (call.why.starts_with(kToolchain)) return "toolchains";
  if (call.why.starts_with(kWrites)) return "would write to toolchains";
  return call.why;
}

void other_paths(Rows& rows, const Plan& plan) {
  std::vector<Group> groups;
  for (const MountCall& call : plan.files.mounts) {
    if (is_usual(call) || !call.origin.place.empty()) continue;
    const std::string left = what_is_done(call);
    const std::string why = kind_of(call);
    auto found = std::ranges::find_if(groups, [&](const Group& group) { return group.left == left && group.why == why; });
    if (found == groups.end()) found = groups.insert(groups.end(), {left, why, {}});
    found->paths.push_back(path_of(call));
  }
  for (const Group& group : groups) rows.push_back({group.left, some_of(group.paths, Detail::brief).words("(" + group.why + ")")});
}

const char* seen_of_host(RootMode mode) {
  switch (mode) {
    case RootMode::ro: return "everything but the paths covered below; read-only";
    case RootMode::overlay: return "everything but the paths covered below; writable, and changes are discarded";
    case RootMode::system: return "programs, and the paths named below; read-only";
  }
  return "";
}

Row host_row(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  Phrase text(seen_of_host(plan.files.root));
  const bool hides_sockets = std::ranges::any_of(plan.files.mounts, [](const MountCall& call) { return !call.layers.empty(); });
  if (hides_sockets) text.words("and without its sockets");
  return {"of the host", text.append(from(planned.policy.root.origin, detail))};
}

const char* access_text(SourceMode mode) {
  switch (mode) {
    case SourceMode::rw: return "(writable)";
    case SourceMode::overlay: return "(writable, and changes are discarded)";
    case SourceMode::ro:
    case SourceMode::none: return "(read-only)";
  }
  return "";
}

Row checkout_row(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  Phrase text;
  if (plan.files.source == SourceMode::none) text.words("none");
  else text.whole(escaped(plan.files.source_path)).words(access_text(plan.files.source));
  return {"checkout", text.append(from(planned.policy.source.origin, detail)).append(from(planned.policy.source_path.origin, detail))};
}

Row replaced_row(const Plan& plan) {
  std::vector<std::string> own;
  for (const MountCall& call : plan.files.mounts)
    if (call.why == "mask") own.push_back("/" + escaped(call.target));
  return {"replaced", listed(own).words("(by the workspace's, empty at first)")};
}

}  // namespace

Rows workspace_rows(const Planned& planned, Detail detail) {
  Rows rows;
  for (const PlannedVolume& volume : planned.plan.files.volumes) {
    Phrase text(human_bytes(volume.bytes));
    text.append(from(volume.size_origin, detail)).words("and " + std::to_string(volume.inodes) + " inodes");
    rows.push_back({volume.path, text.append(from(volume.inodes_origin, detail))});
  }
  for (const std::string& note : planned.plan.remarks.notes) rows.push_back({"note", note});
  return rows;
}

Rows file_system_rows(const Planned& planned, Detail detail) {
  const Plan& plan = planned.plan;
  Rows rows{host_row(planned, detail), checkout_row(planned, detail)};
  if (!plan.files.overlays.empty() && planned.policy.diff.value)
    rows.push_back({"changes", Phrase("listed after the step").append(from(planned.policy.diff.origin, detail))});
  if (plan.files.mounts.empty()) return rows;
  if (planned.policy.home.value == HomeMode::overlay)
    rows.push_back({"home", Phrase("the host's, without its caches; changes are discarded").append(from(planned.policy.home.origin, detail))});
  if (planned.policy.home.value == HomeMode::host) rows.push_back({"home", Phrase("the host's").append(from(planned.policy.home.origin, detail))});
  rows.push_back(replaced_row(plan));
  if (detail == Detail::whole) {
    std::ranges::move(all_mounts(plan), std::back_inserter(rows));
  } else {
    named_paths(rows, plan);
    other_paths(rows, plan);
  }
  return rows;
}

}  // namespace stepbox::explain
