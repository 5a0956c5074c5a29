#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/box_limits.hpp"
#include "report/report.hpp"

namespace stepbox::report {
namespace {

// Keeps the order of the lines below, which is the order in which people read a report.
using Json = nlohmann::ordered_json;

// The clocks are good for microseconds; more digits are noise in every diff.
double rounded(double seconds) { return std::round(seconds * 1e6) / 1e6; }

// "2026-02-03T04:05:06.789Z".
std::string utc_text(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole).count();
  const time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(milliseconds));
  return text.data();
}

double seconds_of(std::chrono::milliseconds duration) { return std::chrono::duration<double>(duration).count(); }

Json signal_or_null(int signal) { return signal != 0 ? Json(signal_name(signal)) : Json(nullptr); }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

int signal_of(const Outcome& outcome) {
  if (const Signaled* signaled = std::get_if<Signaled>(&outcome)) return signaled->signal;
  if (const BoxKilled* killed = std::get_if<BoxKilled>(&outcome)) return killed->signal;
  return 0;
}

template <class Item, class ToRecord>
Json list_of(const std::vector<Item>& items, ToRecord to_record) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(to_record(item));
  return list;
}

// Even a plain sentence is a record in a list, so that it can get a kind or a path later.
Json text_record(std::string_view text) { return {{"text", text}}; }

Json policy_record(const PolicyName& policy) { return {{"name", policy.name}, {"layer", name_of(policy.layer)}}; }

Json protection_record(const Protection& protection) {
  return {{"name", protection.name},
          {"requested", protection.requested},
          {"state", name_of(protection.state)},
          {"reason", protection.reason}};
}

Json volume_record(const VolumeUsage& volume) {
  return {{"name", volume.name},
          {"path", volume.path},
          {"limit_bytes", volume.limit_bytes},
          {"peak_bytes", volume.peak_bytes},
          {"final_bytes", volume.final_bytes},
          {"limit_inodes", volume.limit_inodes},
          {"peak_inodes", volume.peak_inodes},
          {"final_inodes", volume.final_inodes},
          {"quota_reached", volume.bytes_full},
          {"inode_quota_reached", volume.inodes_full}};
}

// Cores are written as people write them.
Json limit_record(const LimitUsage& limit) {
  const BoxLimit& row = *find_box_limit(limit.name);
  return {{"name", limit.name},
          {"limit", row.unit == LimitUnit::cores ? Json(static_cast<double>(limit.limit) / 1e3) : Json(limit.limit)},
          {"peak", limit.peak != 0 ? Json(limit.peak) : Json(nullptr)},
          {row.hits_are == LimitHits::waiting ? "waited_milliseconds" : "hits", limit.hits},
          {"hits_from_above", limit.hits_from_above}};
}

Json cache_record(const CacheUsage& cache) {
  return {{"tool", cache.tool}, {"path", cache.path}, {"bytes", cache.bytes}, {"files", cache.files}};
}

Json saving_record(const WarmUse& use) {
  if (use.saving.empty()) return nullptr;
  return {{"state", use.saving}, {"generation", text_or_null(use.saved)}, {"sentence", use.sentence}};
}

Json warm_record(const WarmUse& use) {
  return {{"name", use.name},
          {"generation", text_or_null(use.generation)},
          {"digest", text_or_null(use.digest)},
          {"cold", text_or_null(use.why_cold)},
          {"bytes_added", use.added_bytes},
          {"files_added", use.added_files},
          {"bytes_copied_up", use.copied_bytes},
          {"files_copied_up", use.copied_files},
          {"degraded", text_or_null(use.degraded)},
          {"saved", saving_record(use)}};
}

Json settings_record(const SettingsFile& file) {
  return {{"tool", file.tool}, {"path", file.path}, {"state", file.is_shown ? "shown" : "hidden"}};
}

Json stray_record(const Stray& stray) { return {{"pid", stray.pid}, {"comm", stray.comm}}; }

Json overrun_record(const Report& report) {
  if (!report.overrun) return nullptr;
  return {{"name", name_of(report.overrun->deadline)},
          {"seconds", seconds_of(report.overrun->limit)},
          {"origin", report.overrun->origin.text()},
          {"killed", report.grace_exceeded.has_value() || report.killed_on_request}};
}

Json file_record(const OpenFile& file) { return {{"fd", file.fd}, {"target", file.target}}; }

Json process_record(const ProcessState& process) {
  return {{"pid", process.pid},
          {"parent", process.parent},
          {"name", process.name},
          {"state", std::string(1, process.state)},
          {"wait_channel", process.wait_channel},
          {"cpu", rounded(process.cpu)},
          {"threads", process.threads},
          {"command_line", process.command_line},
          {"files", list_of(process.files, file_record)}};
}

Json volume_state_record(const VolumeState& volume) {
  return {{"name", volume.name},
          {"bytes", volume.bytes},
          {"limit_bytes", volume.limit_bytes},
          {"inodes", volume.inodes},
          {"limit_inodes", volume.limit_inodes}};
}

Json snapshot_record(const Snapshot& snapshot) {
  return {{"reason", name_of(snapshot.reason)},
          {"at", rounded(snapshot.at)},
          {"processes", list_of(snapshot.processes, process_record)},
          {"process_count", snapshot.process_count},
          {"complete", snapshot.complete},
          {"volumes", list_of(snapshot.volumes, volume_state_record)}};
}

Json logged_call_record(const LoggedCall& call) {
  Json arguments = Json::array();
  // As text: many readers of JSON cannot hold a number of 64 bits.
  for (const uint64_t argument : call.arguments) arguments.push_back(hex_text(argument));
  return {{"call", call.name},
          {"architecture", call.architecture},
          {"groups", call.groups},
          {"count", call.count},
          {"process", call.process},
          {"arguments", std::move(arguments)}};
}

Json seccomp_record(const Report& report) {
  Json log = nullptr;
  if (report.seccomp_log)
    log = {{"calls", list_of(report.seccomp_log->calls, logged_call_record)}, {"unlisted", report.seccomp_log->unlisted}};
  return {{"profile", report.seccomp_profile}, {"log", std::move(log)}};
}

Json label_record(const RunLabel& label) { return {{"name", label.name}, {"value", label.value}}; }

Json run_record(const Report& report) {
  const bool is_over = report.verdict != Verdict::running;
  return {{"id", report.run.id},
          {"start", utc_text(report.run.start)},
          {"end", is_over ? Json(utc_text(report.end)) : Json(nullptr)},
          {"pid", report.run.pid},
          {"host", report.run.host},
          {"boot_id", report.run.boot_id},
          {"engine", text_or_null(report.run.engine)},
          {"job", text_or_null(report.run.job)},
          {"labels", list_of(report.labels, label_record)}};
}

Json step_record(const Report& report) { return {{"argv", report.argv}, {"cwd", report.cwd}}; }

Json difference_record(const Difference& difference) { return {{"name", difference.name}, {"value", difference.value}}; }

Json outcome_record(const Report& report) {
  const bool is_over = report.verdict != Verdict::running;
  return {{"verdict", name_of(report.verdict)},
          {"exit_code", is_over ? Json(report.exit_code) : Json(nullptr)},
          {"signal", signal_or_null(signal_of(report.outcome))},
          {"cancelled_by", signal_or_null(report.cancelled_by)},
          {"limit", overrun_record(report)},
          {"sentence", report.sentence},
          {"hint", text_or_null(report.hint)},
          {"differences", list_of(report.differences, difference_record)}};
}

std::string mode_text(uint32_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

Json output_record(const OutputRecord& output) {
  Json record = {{"path", output.path}, {"kind", name_of(output.kind)}, {"bytes", output.bytes}, {"mode", mode_text(output.mode)}, {"sha256", text_or_null(output.sha256)}};
  if (output.kind == OutputKind::link) record["target"] = output.target;
  return record;
}

Json outputs_summary(const CarriedOutputs& outputs) {
  return {{"state", name_of(outputs.state)},
          {"to", text_or_null(outputs.to)},
          {"files", outputs.files},
          {"directories", outputs.directories},
          {"bytes", outputs.bytes},
          {"unlisted", outputs.files - outputs.listed.size()},
          {"failure", outputs.failure ? Json(outputs.failure->message) : Json(nullptr)},
          {"missing", list_of(outputs.missing, text_record)}};
}

Json time_record(const Times& time) {
  return {{"wall", rounded(time.wall)},
          {"user", rounded(time.user)},
          {"sys", rounded(time.system)},
          {"setup", rounded(time.setup)},
          {"export", rounded(time.export_)},
          {"teardown", rounded(time.teardown)}};
}

Json teardown_record(const Report& report) {
  return {{"strays", list_of(report.strays, stray_record)},
          {"stray_count", report.stray_count},
          {"leftovers", list_of(report.leftovers, text_record)}};
}

Json memory_holder_record(const Report& report) {
  if (!report.memory_holder) return nullptr;
  return {{"pid", report.memory_holder->pid},
          {"name", report.memory_holder->name},
          {"bytes", report.memory_holder->bytes},
          {"killed", report.memory_holder->was_killed}};
}

Json usage_record(const Report& report) {
  return {{"volumes", list_of(report.volumes, volume_record)},
          {"samples", report.samples},
          {"memory_peak", report.memory_peak_bytes},
          {"memory_holder", memory_holder_record(report)},
          {"limits", list_of(report.limits, limit_record)}};
}

Json change_record(const Change& change) {
  return {{"kind", name_of(change.kind)},
          {"type", name_of(change.type)},
          {"path", change.path},
          {"bytes", change.bytes},
          {"files", change.files},
          {"moved_from", text_or_null(change.moved_from)}};
}

Json in_tree_cache_record(const InTreeCache& cache) {
  return {{"tool", cache.tool}, {"path", cache.path}, {"places", cache.places}, {"files", cache.files}, {"bytes", cache.bytes}};
}

Json sum_record(const ChangeSum& sum) { return {{"entries", sum.entries}, {"files", sum.files}, {"bytes", sum.bytes}}; }

// What was discarded of a tree, behind the keys that say which one it was.
Json with_changes(Json record, const Changes& changes) {
  record["changed"] = list_of(changes.biggest, change_record);
  record["unlisted"] = changes.unlisted;
  record["touched"] = list_of(changes.touched, change_record);
  for (const ChangeKind kind : {ChangeKind::added, ChangeKind::modified, ChangeKind::deleted, ChangeKind::touched})
    record["sums"][name_of(kind)] = sum_record(changes.of(kind));
  record["discarded_bytes"] = changes.discarded_bytes();
  record["in_tree_caches"] = list_of(changes.caches, in_tree_cache_record);
  record["left_out"] = changes.left_out;
  return record;
}

Json source_record(const Report& report) {
  Json record = {{"mode", name_of(report.source)}, {"path", report.source_path}};
  const auto found = std::ranges::find(report.changes, ChangedTree::source, &TreeChanges::tree);
  return found == report.changes.end() ? record : with_changes(std::move(record), found->changes);
}

Json overlay_records(const Report& report) {
  Json list = Json::array();
  for (const TreeChanges& tree : report.changes)
    if (tree.tree != ChangedTree::source) list.push_back(with_changes({{"tree", name_of(tree.tree)}, {"path", tree.path}}, tree.changes));
  return list;
}

std::string text_of(const Json& root) { return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string to_short_json(const Report& report) {
  return text_of({{"schema_version", kReportSchema},
                  {"stepbox", {{"version", STEPBOX_VERSION}}},
                  {"run", run_record(report)},
                  {"step", step_record(report)},
                  {"outcome", outcome_record(report)}});
}

std::string to_json(const Report& report) {
  const Json root = {
      {"schema_version", kReportSchema},
      {"stepbox", {{"version", STEPBOX_VERSION}}},
      {"run", run_record(report)},
      {"step", step_record(report)},
      {"outcome", outcome_record(report)},
      {"policy", {{"names", list_of(report.policies, policy_record)}, {"digest", text_or_null(report.policy_digest)}}},
      {"isolation", {{"mode", name_of(report.isolation)}, {"not_protected", list_of(report.gaps, text_record)}}},
      {"protections", list_of(report.protections, protection_record)},
      {"seccomp", seccomp_record(report)},
      {"time", time_record(report.time)},
      {"usage", usage_record(report)},
      {"caches", list_of(report.caches, cache_record)},
      {"warm", list_of(report.warm, warm_record)},
      {"settings", list_of(report.settings, settings_record)},
      {"source", source_record(report)},
      {"overlays", overlay_records(report)},
      {"outputs", list_of(report.outputs.listed, output_record)},
      {"outputs_summary", outputs_summary(report.outputs)},
      {"teardown", teardown_record(report)},
      {"diagnostics", list_of(report.diagnostics, snapshot_record)},
      {"host", {{"kernel", report.kernel}, {"memory", report.memory_total}}},
      {"warnings", list_of(report.warnings, text_record)},
  };
  return text_of(root);
}

std::string records_to_json(const std::vector<RecordList>& lists) {
  Json root = {{"schema_version", kReportSchema}};
  for (const RecordList& list : lists) {
    root[list.name] = list_of(list.records, [](const Fields& fields) {
      Json record = Json::object();
      for (const auto& [key, value] : fields) record[key] = value;
      return record;
    });
  }
  return text_of(root);
}

}  // namespace stepbox::report
