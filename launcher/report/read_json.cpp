// Reads what json_format.cpp writes. A key that a newer stepbox added is passed over; one that is missing keeps the value
// of an empty report.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/box_limits.hpp"
#include "report/report.hpp"

namespace stepbox::report {
namespace {

using Json = nlohmann::json;

const Json kNothing = nullptr;

const Json& at(const Json& record, const char* key) {
  if (!record.is_object()) return kNothing;
  const auto found = record.find(key);
  return found == record.end() ? kNothing : *found;
}

// Null and a missing key leave the value alone. Another type throws Json::type_error, which from_json() turns into its error.
template <class Value>
void read(Value& value, const Json& record, const char* key) {
  if (const Json& found = at(record, key); !found.is_null()) value = found.get<Value>();
}

std::string text_at(const Json& record, const char* key) {
  std::string text;
  read(text, record, key);
  return text;
}

template <class Item, class ToItem>
void read_list(std::vector<Item>& items, const Json& record, const char* key, ToItem to_item) {
  const Json& list = at(record, key);
  if (list.is_null()) return;
  if (!list.is_array()) throw std::invalid_argument(std::string(key) + " is no list");
  for (const Json& item : list) items.push_back(to_item(item));
}

// The enumerator whose name this is; the first one where the text is empty.
template <class Enum>
Enum named(const std::string& name, std::initializer_list<Enum> known) {
  if (name.empty()) return *known.begin();
  const auto* found = std::ranges::find_if(known, [&](Enum value) { return name == name_of(value); });
  if (found == known.end()) throw std::invalid_argument(stepbox::quoted(name) + " is not known");
  return *found;
}

std::chrono::system_clock::time_point time_of(const std::string& text) {
  std::tm parts{};
  int milliseconds = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d.%dZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
                  &parts.tm_min, &parts.tm_sec, &milliseconds) != 7)
    throw std::invalid_argument(stepbox::quoted(text) + " is no time");
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return std::chrono::system_clock::from_time_t(::timegm(&parts)) + std::chrono::milliseconds(milliseconds);
}

int signal_of(const std::string& name) {
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    if (name == signal_name(signal)) return signal;
  return 0;
}

std::chrono::milliseconds duration_of(double seconds) {
  return std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

std::string text_of_record(const Json& record) { return text_at(record, "text"); }

void read_run(Report& report, const Json& record) {
  read(report.run.id, record, "id");
  read(report.run.pid, record, "pid");
  read(report.run.host, record, "host");
  read(report.run.boot_id, record, "boot_id");
  read(report.run.engine, record, "engine");
  read(report.run.job, record, "job");
  read_list(report.labels, record, "labels", [](const Json& item) { return RunLabel{text_at(item, "name"), text_at(item, "value")}; });
  if (const std::string start = text_at(record, "start"); !start.empty()) report.run.start = time_of(start);
  if (const std::string end = text_at(record, "end"); !end.empty()) report.end = time_of(end);
}

Outcome outcome_of(Verdict verdict, int exit_code, int signal, int cancelled_by) {
  if (verdict == Verdict::not_found) return NotStarted{ENOENT};
  if (verdict == Verdict::output_missing) return Exited{0};
  if (verdict == Verdict::not_executable) return NotStarted{EACCES};
  if (signal != 0) return Signaled{signal, false};
  if (verdict == Verdict::cancelled && exit_code == kExitSignalBase + cancelled_by) return CancelledBefore{cancelled_by};
  return Exited{exit_code};
}

void read_overrun(Report& report, const Json& record) {
  if (record.is_null()) return;
  Overrun overrun;
  overrun.deadline = named(text_at(record, "name"), {Deadline::timeout, Deadline::silence});
  double seconds = 0;
  read(seconds, record, "seconds");
  overrun.limit = duration_of(seconds);
  // Its parts are not told apart in a report.
  overrun.origin = {.layer = Layer::command_line, .place = text_at(record, "origin")};
  report.overrun = overrun;
  read(report.killed_on_request, record, "killed");
}

void read_outcome(Report& report, const Json& record) {
  const std::string verdict = text_at(record, "verdict");
  const auto* row = std::ranges::find(kVerdicts, verdict, &VerdictRow::word);
  if (row == std::end(kVerdicts)) throw std::invalid_argument(stepbox::quoted(verdict) + " is no verdict");
  report.verdict = row->verdict;
  read(report.exit_code, record, "exit_code");
  report.cancelled_by = signal_of(text_at(record, "cancelled_by"));
  report.outcome = outcome_of(report.verdict, report.exit_code, signal_of(text_at(record, "signal")), report.cancelled_by);
  read_overrun(report, at(record, "limit"));
  read(report.sentence, record, "sentence");
  read(report.hint, record, "hint");
  read_list(report.differences, record, "differences",
            [](const Json& item) { return Difference{text_at(item, "name"), text_at(item, "value")}; });
}

PolicyName policy_of(const Json& record) {
  return {text_at(record, "name"), named(text_at(record, "layer"), {Layer::built_in, Layer::site, Layer::user, Layer::project,
                                                                    Layer::named, Layer::environment, Layer::command_line})};
}

Protection protection_of(const Json& record) {
  Protection protection{.name = text_at(record, "name"), .requested = false, .state = {}, .reason = text_at(record, "reason")};
  read(protection.requested, record, "requested");
  protection.state = named(text_at(record, "state"), {ProtectionState::active, ProtectionState::degraded, ProtectionState::off});
  return protection;
}

VolumeUsage volume_of(const Json& record) {
  VolumeUsage volume{.name = text_at(record, "name"), .path = text_at(record, "path")};
  read(volume.limit_bytes, record, "limit_bytes");
  read(volume.peak_bytes, record, "peak_bytes");
  read(volume.final_bytes, record, "final_bytes");
  read(volume.limit_inodes, record, "limit_inodes");
  read(volume.peak_inodes, record, "peak_inodes");
  read(volume.final_inodes, record, "final_inodes");
  read(volume.bytes_full, record, "quota_reached");
  read(volume.inodes_full, record, "inode_quota_reached");
  return volume;
}

LimitUsage limit_of(const Json& record) {
  LimitUsage limit{.name = text_at(record, "name")};
  const BoxLimit* row = find_box_limit(limit.name);
  if (row == nullptr) throw std::invalid_argument(stepbox::quoted(limit.name) + " is no limit");
  if (row->unit == LimitUnit::cores) {
    double cores = 0;
    read(cores, record, "limit");
    limit.limit = static_cast<uint64_t>(cores * 1e3 + 0.5);
  } else {
    read(limit.limit, record, "limit");
  }
  read(limit.peak, record, "peak");
  read(limit.hits, record, row->hits_are == LimitHits::waiting ? "waited_milliseconds" : "hits");
  read(limit.hits_from_above, record, "hits_from_above");
  return limit;
}

void read_usage(Report& report, const Json& record) {
  read_list(report.volumes, record, "volumes", volume_of);
  read(report.samples, record, "samples");
  read(report.memory_peak_bytes, record, "memory_peak");
  if (const Json& holder = at(record, "memory_holder"); !holder.is_null()) {
    report.memory_holder = MemoryHolder{};
    read(report.memory_holder->pid, holder, "pid");
    read(report.memory_holder->name, holder, "name");
    read(report.memory_holder->bytes, holder, "bytes");
    read(report.memory_holder->was_killed, holder, "killed");
  }
  read_list(report.limits, record, "limits", limit_of);
}

LoggedCall logged_call_of(const Json& record) {
  LoggedCall call{.name = text_at(record, "call"), .architecture = text_at(record, "architecture"), .process = text_at(record, "process")};
  read(call.count, record, "count");
  read(call.groups, record, "groups");
  std::vector<std::string> arguments;
  read(arguments, record, "arguments");
  for (size_t i = 0; i < std::min(arguments.size(), call.arguments.size()); ++i)
    call.arguments[i] = std::stoull(arguments[i], nullptr, 16);
  return call;
}

void read_seccomp(Report& report, const Json& record) {
  read(report.seccomp_profile, record, "profile");
  const Json& log = at(record, "log");
  if (log.is_null()) return;
  report.seccomp_log.emplace();
  read_list(report.seccomp_log->calls, log, "calls", logged_call_of);
  read(report.seccomp_log->unlisted, log, "unlisted");
}

CacheUsage cache_of(const Json& record) {
  CacheUsage cache{.tool = text_at(record, "tool"), .path = text_at(record, "path")};
  read(cache.bytes, record, "bytes");
  read(cache.files, record, "files");
  return cache;
}

WarmUse warm_of(const Json& record) {
  WarmUse use{.name = text_at(record, "name"),
              .generation = text_at(record, "generation"),
              .digest = text_at(record, "digest"),
              .why_cold = text_at(record, "cold"),
              .degraded = text_at(record, "degraded")};
  read(use.added_bytes, record, "bytes_added");
  read(use.added_files, record, "files_added");
  read(use.copied_bytes, record, "bytes_copied_up");
  read(use.copied_files, record, "files_copied_up");
  if (const Json& saved = at(record, "saved"); !saved.is_null()) {
    use.saving = text_at(saved, "state");
    use.saved = text_at(saved, "generation");
    use.sentence = text_at(saved, "sentence");
  }
  return use;
}

SettingsFile settings_of(const Json& record) {
  return {.tool = text_at(record, "tool"), .written = {}, .path = text_at(record, "path"), .is_shown = text_at(record, "state") == "shown"};
}

Stray stray_of(const Json& record) {
  Stray stray{.pid = 0, .comm = text_at(record, "comm")};
  read(stray.pid, record, "pid");
  return stray;
}

ProcessState process_of(const Json& record) {
  ProcessState process{.name = text_at(record, "name"), .wait_channel = text_at(record, "wait_channel"), .command_line = text_at(record, "command_line"), .files = {}};
  read(process.pid, record, "pid");
  read(process.parent, record, "parent");
  if (const std::string state = text_at(record, "state"); !state.empty()) process.state = state.front();
  read(process.cpu, record, "cpu");
  read(process.threads, record, "threads");
  read_list(process.files, record, "files", [](const Json& item) {
    OpenFile file{.fd = -1, .target = text_at(item, "target")};
    read(file.fd, item, "fd");
    return file;
  });
  return process;
}

VolumeState volume_state_of(const Json& record) {
  VolumeState volume{.name = text_at(record, "name")};
  read(volume.bytes, record, "bytes");
  read(volume.limit_bytes, record, "limit_bytes");
  read(volume.inodes, record, "inodes");
  read(volume.limit_inodes, record, "limit_inodes");
  return volume;
}

Snapshot snapshot_of(const Json& record) {
  Snapshot snapshot;
  snapshot.reason = named(text_at(record, "reason"), {Deadline::timeout, Deadline::silence});
  read(snapshot.at, record, "at");
  read_list(snapshot.processes, record, "processes", process_of);
  read(snapshot.process_count, record, "process_count");
  read(snapshot.complete, record, "complete");
  read_list(snapshot.volumes, record, "volumes", volume_state_of);
  return snapshot;
}

void read_time(Times& time, const Json& record) {
  read(time.wall, record, "wall");
  read(time.user, record, "user");
  read(time.system, record, "sys");
  read(time.setup, record, "setup");
  read(time.export_, record, "export");
  read(time.teardown, record, "teardown");
}

Change change_of(const Json& record) {
  Change change{.kind = named(text_at(record, "kind"), {ChangeKind::added, ChangeKind::modified, ChangeKind::deleted, ChangeKind::touched}),
                .type = named(text_at(record, "type"), {EntryType::file, EntryType::directory, EntryType::link, EntryType::other}),
                .path = text_at(record, "path"),
                .moved_from = text_at(record, "moved_from")};
  read(change.bytes, record, "bytes");
  read(change.files, record, "files");
  return change;
}

InTreeCache in_tree_cache_of(const Json& record) {
  InTreeCache cache{.tool = text_at(record, "tool"), .path = text_at(record, "path")};
  read(cache.places, record, "places");
  read(cache.files, record, "files");
  read(cache.bytes, record, "bytes");
  return cache;
}

void read_changes(Report& report, const Json& record, ChangedTree tree) {
  const Json& sums = at(record, "sums");
  if (sums.is_null()) return;
  TreeChanges& read_tree = report.changes.emplace_back(TreeChanges{.tree = tree, .path = text_at(record, "path")});
  Changes& changes = read_tree.changes;
  read_list(changes.biggest, record, "changed", change_of);
  read(changes.unlisted, record, "unlisted");
  read_list(changes.touched, record, "touched", change_of);
  for (const ChangeKind kind : {ChangeKind::added, ChangeKind::modified, ChangeKind::deleted, ChangeKind::touched}) {
    const Json& sum = at(sums, name_of(kind));
    read(changes.of(kind).entries, sum, "entries");
    read(changes.of(kind).files, sum, "files");
    read(changes.of(kind).bytes, sum, "bytes");
  }
  read_list(changes.caches, record, "in_tree_caches", in_tree_cache_of);
  read(changes.left_out, record, "left_out");
}

void read_overlays(Report& report, const Json& list) {
  if (!list.is_array()) return;
  for (const Json& record : list)
    read_changes(report, record, named(text_at(record, "tree"), {ChangedTree::root, ChangedTree::home, ChangedTree::source}));
}

OutputRecord output_of(const Json& record) {
  OutputRecord output{.path = text_at(record, "path"), .sha256 = text_at(record, "sha256"), .target = text_at(record, "target")};
  output.kind = named(text_at(record, "kind"), {OutputKind::file, OutputKind::link, OutputKind::directory});
  read(output.bytes, record, "bytes");
  if (const std::string mode = text_at(record, "mode"); !mode.empty()) output.mode = static_cast<uint32_t>(std::stoul(mode, nullptr, 8));
  return output;
}

void read_outputs(CarriedOutputs& outputs, const Json& list, const Json& summary) {
  using State = CarriedOutputs::State;
  read_list(outputs.listed, list, "outputs", output_of);
  outputs.state = named(text_at(summary, "state"), {State::none, State::recorded, State::carried, State::failed});
  outputs.to = text_at(summary, "to");
  read(outputs.files, summary, "files");
  read(outputs.directories, summary, "directories");
  read(outputs.bytes, summary, "bytes");
  if (const std::string failure = text_at(summary, "failure"); !failure.empty()) outputs.failure = Error{failure};
  read_list(outputs.missing, summary, "missing", text_of_record);
}

Report report_of(const Json& root) {
  Report report;
  read_run(report, at(root, "run"));
  read(report.argv, at(root, "step"), "argv");
  read(report.cwd, at(root, "step"), "cwd");
  read_outcome(report, at(root, "outcome"));
  read_list(report.policies, at(root, "policy"), "names", policy_of);
  read(report.policy_digest, at(root, "policy"), "digest");
  const Json& isolation = at(root, "isolation");
  report.isolation = named(text_at(isolation, "mode"), {Isolation::full, Isolation::landlock, Isolation::env});
  read_list(report.gaps, isolation, "not_protected", text_of_record);
  read_list(report.protections, root, "protections", protection_of);
  read_seccomp(report, at(root, "seccomp"));
  read_time(report.time, at(root, "time"));
  read_usage(report, at(root, "usage"));
  read_list(report.caches, root, "caches", cache_of);
  read_list(report.warm, root, "warm", warm_of);
  read_list(report.settings, root, "settings", settings_of);
  report.source = named(text_at(at(root, "source"), "mode"), {SourceMode::rw, SourceMode::ro, SourceMode::overlay, SourceMode::none});
  read(report.source_path, at(root, "source"), "path");
  read_changes(report, at(root, "source"), ChangedTree::source);
  read_overlays(report, at(root, "overlays"));
  read_outputs(report.outputs, root, at(root, "outputs_summary"));
  const Json& teardown = at(root, "teardown");
  read_list(report.strays, teardown, "strays", stray_of);
  read(report.stray_count, teardown, "stray_count");
  read_list(report.leftovers, teardown, "leftovers", text_of_record);
  read_list(report.diagnostics, root, "diagnostics", snapshot_of);
  read(report.kernel, at(root, "host"), "kernel");
  read(report.memory_total, at(root, "host"), "memory");
  read_list(report.warnings, root, "warnings", text_of_record);
  return report;
}

}  // namespace

Result<Report> from_json(std::string_view text) {
  try {
    const Json root = Json::parse(text);
    int version = 0;
    read(version, root, "schema_version");
    if (version == 0) return fail("this is no report of stepbox: it has no schema_version");
    if (version > kReportSchema)
      return fail("this report has schema version " + std::to_string(version) + ", and this stepbox knows " + std::to_string(kReportSchema),
                  "read it with the version of stepbox that wrote it, or a newer one");
    return report_of(root);
  } catch (const std::exception& error) {
    return fail(std::string("this is no report of stepbox: ") + error.what());
  }
}

}  // namespace stepbox::report
