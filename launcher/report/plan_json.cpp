#include "report/plan_json.hpp"

#include <sys/mount.h>

#include <nlohmann/json.hpp>

#include "model/dropped_variables.hpp"

namespace stepbox::report {
namespace {

// Keeps the order of the lines below.
using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

template <class Item, class ToRecord>
Json list_of(const std::vector<Item>& items, ToRecord to_record) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(to_record(item));
  return list;
}

Json from(const Origin& origin) {
  if (origin.place.empty()) return nullptr;
  return {{"layer", name_of(origin.layer)}, {"place", origin.place}, {"line", origin.line > 0 ? Json(origin.line) : Json(nullptr)}};
}

Json mode_record(const char* mode, const Origin& origin) { return {{"mode", mode}, {"from", from(origin)}}; }

Json seconds_or_null(const std::optional<std::chrono::milliseconds>& duration) {
  return duration ? Json(std::chrono::duration<double>(*duration).count()) : Json(nullptr);
}

const char* word_of(UidIsolation isolation) {
  switch (isolation) {
    case UidIsolation::shifted: return "shifted";
    case UidIsolation::mapped: return "mapped";
    case UidIsolation::degraded: return "degraded";
    case UidIsolation::none: return "none";
  }
  return "";
}

// The resources that the step should request from a scheduler. Null: there is no bound.
Json requests(const Plan& plan) {
  const PlannedLimit* memory = plan.limits.cgroup.find("memory");
  const PlannedLimit* cpu = plan.limits.cgroup.find("cpu");
  uint64_t bytes = 0;
  uint64_t inodes = 0;
  for (const PlannedVolume& volume : plan.files.volumes) {
    bytes += volume.bytes;
    inodes += volume.inodes;
  }
  const bool is_boxed = plan.confinement.isolation == Isolation::full;
  return {{"memory_bytes", memory != nullptr ? Json(memory->amount) : Json(nullptr)},
          {"cpus", cpu != nullptr ? Json(static_cast<double>(cpu->amount) / 1e3) : Json(nullptr)},
          // The workspace of a box is memory; without a box it is a directory without a quota.
          {"disk_bytes", is_boxed ? Json(0) : Json(nullptr)},
          {"workspace_bytes", is_boxed ? Json(bytes) : Json(nullptr)},
          {"workspace_inodes", is_boxed ? Json(inodes) : Json(nullptr)},
          {"seconds", seconds_or_null(plan.limits.deadlines.timeout.value)}};
}

Json step(const Plan& plan) {
  return {{"argv", plan.step.argv},
          {"directory", plan.step.cwd},
          {"terminal", plan.step.terminal.empty() ? Json(nullptr) : Json(plan.step.terminal)},
          {"descriptors", list_of(plan.step.passed_fds, [](int fd) { return Json{{"fd", fd}}; })}};
}

Json user(const Identity& identity) {
  return {{"isolation", word_of(identity.isolation)}, {"uid", identity.uid},           {"gid", identity.gid},
          {"outside_uid", identity.owner_uid},        {"outside_gid", identity.owner_gid}};
}

Json isolation(const Plan& plan, const Policy& policy) {
  Json record = mode_record(name_of(plan.confinement.isolation), policy.isolation.origin);
  record["not_protected"] = list_of(plan.confinement.gaps, [](const Gap& gap) { return Json{{"name", gap.name}, {"text", gap.text}}; });
  record["writable"] = list_of(plan.confinement.writable, [](const WritablePath& path) {
    return Json{{"path", path.path}, {"why", path.why}, {"from", from(path.origin)}};
  });
  return record;
}

Json workspace(const Plan& plan) {
  const bool is_boxed = plan.confinement.isolation == Isolation::full;
  return {{"path", plan.files.box},
          {"backing", is_boxed ? "memory" : "directory"},
          {"volumes", list_of(plan.files.volumes, [](const PlannedVolume& volume) {
             return Json{{"name", volume.name},
                         {"path", volume.path},
                         {"bytes", volume.bytes},
                         {"from", from(volume.size_origin)},
                         {"inodes", volume.inodes},
                         {"inodes_from", from(volume.inodes_origin)}};
           })},
          {"notes", list_of(plan.remarks.notes, [](const std::string& note) { return Json{{"text", note}}; })}};
}

Json checkout(const Plan& plan, const Policy& policy) {
  const bool is_there = plan.files.source != SourceMode::none;
  Json record = mode_record(name_of(plan.files.source), policy.source.origin);
  record["path"] = is_there ? Json(plan.files.source_path) : Json(nullptr);
  record["path_from"] = from(policy.source_path.origin);
  return record;
}

const char* kind_of(const MountCall& call) {
  switch (call.act) {
    case MountAct::bind: return "host";
    case MountAct::rebind: return call.source.starts_with(".empty") ? "hidden" : "workspace";
    case MountAct::tmpfs: return "tmpfs";
    case MountAct::overlay: return "overlay";
    case MountAct::proc: return "proc";
    case MountAct::devpts: return "devpts";
    case MountAct::terminal: return "terminal";
    default: return nullptr;  // no mount
  }
}

Json source_of(const Plan& plan, const MountCall& call) {
  if (call.act == MountAct::bind || call.act == MountAct::terminal) return call.source;
  if (call.act == MountAct::overlay) return plan.files.overlays[static_cast<size_t>(call.overlay)].lowers.front();
  if (call.act == MountAct::rebind && !call.source.starts_with(".empty")) return "/" + call.source;
  return nullptr;
}

Json mounts(const Plan& plan) {
  Json list = Json::array();
  for (const MountCall& call : plan.files.mounts) {
    const char* kind = kind_of(call);
    if (kind == nullptr) continue;
    list.push_back({{"path", "/" + call.target},
                    {"kind", kind},
                    {"source", source_of(plan, call)},
                    {"writable", (call.attributes & MOUNT_ATTR_RDONLY) == 0},
                    {"id_mapped", call.id_mapped != IdMapped::no},
                    {"sockets_hidden", !call.layers.empty()},
                    {"with_what_is_below", call.recursion == Recursion::tree},
                    {"why", call.why},
                    {"from", from(call.origin)}});
  }
  return list;
}

Json warm_directory(const PlannedWarmDirectory& directory) {
  return {{"path", directory.path},
          {"warm", directory.overlay >= 0},
          {"unused", directory.unused.empty() ? Json(nullptr) : Json(directory.unused)}};
}

Json warm(const Plan& plan) {
  return list_of(plan.warm, [](const PlannedWarm& planned) {
    return Json{{"name", planned.name},
                {"generation", planned.generation ? Json(planned.generation->id) : Json(nullptr)},
                {"cold", planned.why_cold.empty() ? Json(nullptr) : Json(planned.why_cold)},
                {"degraded", planned.degraded.empty() ? Json(nullptr) : Json(planned.degraded)},
                {"saved", planned.save},
                {"not_saved", planned.why_unsaved.empty() ? Json(nullptr) : Json(planned.why_unsaved)},
                {"directories", list_of(planned.directories, warm_directory)},
                {"from", from(planned.origin)}};
  });
}

struct CauseWord {
  EnvCause cause;
  const char* word;
};
constexpr CauseWord kCauses[] = {{EnvCause::inherited, "inherited"},
                                 {EnvCause::redirect, "redirect"},
                                 {EnvCause::toolchain, "toolchain"},
                                 {EnvCause::warm, "warm"},
                                 {EnvCause::stepbox, "stepbox"},
                                 {EnvCause::policy, "policy"}};

const char* word_of(EnvCause cause) {
  for (const CauseWord& row : kCauses)
    if (row.cause == cause) return row.word;
  return "";
}

// A value from the caller or from a policy may be a secret.
bool is_own_value(const EnvEntry& entry) { return entry.cause != EnvCause::inherited && entry.cause != EnvCause::policy; }

Json variable_record(const EnvEntry& entry) {
  return {{"name", entry.name},
          {"cause", word_of(entry.cause)},
          {"tool", entry.tool.empty() ? Json(nullptr) : Json(entry.tool)},
          {"value", is_own_value(entry) ? Json(entry.value) : Json(nullptr)},
          {"from", from(entry.origin)}};
}

Json environment(const Plan& plan, const Policy& policy) {
  return {{"cleared", policy.clear_environment.value},
          {"cleared_from", from(policy.clear_environment.origin)},
          {"variables", list_of(plan.step.environment, variable_record)},
          {"dropped", list_of(dropped_variables(plan), [](const std::string& name) { return Json{{"name", name}}; })}};
}

// Cores as people write them, as in the report.
Json limits(const Plan& plan) {
  Json list = Json::array();
  for (const PlannedLimit& limit : plan.limits.cgroup.limits) {
    const Json amount = limit.name == "cpu" ? Json(static_cast<double>(limit.amount) / 1e3) : Json(limit.amount);
    list.push_back({{"name", limit.name}, {"of", "box"}, {"limit", amount}, {"from", from(limit.origin)}});
  }
  for (const ProcessLimitSpec& limit : plan.limits.process_limits)
    list.push_back({{"name", limit.name}, {"of", "process"}, {"limit", limit.value}, {"from", from(limit.origin)}});
  return list;
}

Json deadlines(const Deadlines& deadlines) {
  const auto record = [](const char* name, const Json& seconds, const Origin& origin) {
    return Json{{"name", name}, {"seconds", seconds}, {"from", from(origin)}};
  };
  return Json::array({record("timeout", seconds_or_null(deadlines.timeout.value), deadlines.timeout.origin),
                      record("silence", seconds_or_null(deadlines.silence.value), deadlines.silence.origin),
                      record("grace", seconds_or_null(deadlines.grace.value), deadlines.grace.origin)});
}

Json seccomp(const Plan& plan, const Policy& policy) {
  return {{"profile", plan.confinement.seccomp->profile},
          {"from", from(policy.seccomp.origin)},
          {"log", plan.confinement.seccomp_log},
          {"groups", [&] {
             Json list = Json::array();
             for (const SeccompGroup& group : plan.confinement.seccomp->groups) list.push_back({{"name", group.name}});
             return list;
           }()}};
}

Json output_record(const OutputSpec& spec) {
  return {{"pattern", spec.text}, {"required", spec.is_required}, {"max_bytes", spec.max_bytes}, {"when", name_of(spec.when)}, {"from", from(spec.origin)}};
}

Json outputs(const Plan& plan, const Policy& policy) {
  const auto path_or_null = [](const std::string& path) { return path.empty() ? Json(nullptr) : Json(path); };
  return {{"declared", list_of(plan.outputs.declared, output_record)},
          {"to", path_or_null(plan.outputs.to)},
          {"to_from", from(policy.outputs_to.origin)},
          {"manifest", path_or_null(plan.outputs.manifest)},
          {"manifest_from", from(policy.outputs_manifest.origin)}};
}

Json protection_record(const Protection& protection, const Policy& policy) {
  Json origin = nullptr;
  for (const RequiredProtection& required : policy.require)
    if (required.name == protection.name) origin = from(required.origin);
  return {{"name", protection.name},
          {"state", name_of(protection.state)},
          {"reason", protection.reason},
          {"required", !origin.is_null()},
          {"from", origin}};
}

}  // namespace

std::string plan_to_json(const Plan& plan, const Policy& policy) {
  const Json document = {
      {"schema_version", kSchemaVersion},
      {"policies", list_of(plan.policies, [](const PolicyName& name) { return Json{{"name", name.name}, {"layer", name_of(name.layer)}}; })},
      {"requests", requests(plan)},
      {"step", step(plan)},
      {"user", user(plan.identity)},
      {"isolation", isolation(plan, policy)},
      {"workspace", workspace(plan)},
      {"checkout", checkout(plan, policy)},
      {"root", mode_record(name_of(plan.files.root), policy.root.origin)},
      {"home", mode_record(name_of(policy.home.value), policy.home.origin)},
      {"mounts", mounts(plan)},
      {"warm", warm(plan)},
      {"outputs", outputs(plan, policy)},
      {"environment", environment(plan, policy)},
      {"network", mode_record(name_of(plan.confinement.network), policy.network.origin)},
      {"nesting", mode_record(plan.confinement.deny_nesting ? "deny" : "allow", policy.allow_nesting.origin)},
      {"limits", limits(plan)},
      {"deadlines", deadlines(plan.limits.deadlines)},
      {"seccomp", seccomp(plan, policy)},
      {"protections", list_of(plan.protections, [&](const Protection& protection) { return protection_record(protection, policy); })},
      {"warnings", list_of(plan.remarks.warnings, [](const std::string& warning) { return Json{{"text", warning}}; })},
  };
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace stepbox::report
