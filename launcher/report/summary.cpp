#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "model/box_limits.hpp"
#include "report/report.hpp"

namespace stepbox::report {
namespace {

// More names than this make the line longer than anyone reads; the JSON has them all.
constexpr size_t kNamedStrays = 5;

bool is_weakened(const Protection& protection) {
  return protection.requested && protection.state != ProtectionState::active;
}

bool has_reached_a_limit(const Report& report) {
  return std::ranges::any_of(report.limits, [](const LimitUsage& limit) {
    return limit.hits > 0 && find_box_limit(limit.name)->hits_are == LimitHits::refusals;
  });
}

std::string counted(uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

struct NameCount {
  std::string name;
  uint64_t count;
};

std::vector<NameCount> count_names(const std::vector<Stray>& strays) {
  std::vector<NameCount> counts;
  for (const Stray& stray : strays) {
    const auto same = std::ranges::find(counts, stray.comm, &NameCount::name);
    if (same == counts.end()) counts.push_back({stray.comm, 1});
    else ++same->count;
  }
  return counts;
}

// "3 processes left running were killed: sleep (2), java"
std::string strays_clause(const Report& report) {
  std::vector<std::string> names;
  uint64_t named = 0;
  for (const auto& [name, count] : count_names(report.strays)) {
    if (names.size() == kNamedStrays) break;
    names.push_back(count == 1 ? escaped(name) : escaped(name) + " (" + std::to_string(count) + ")");
    named += count;
  }
  std::string out = counted(report.stray_count, "process left running was killed", "processes left running were killed");
  if (!names.empty()) out += ": " + join(names, ", ");
  if (!names.empty() && named < report.stray_count) out += " and " + std::to_string(report.stray_count - named) + " more";
  return out;
}

std::string protection_clause(const Protection& protection) {
  std::string out = "protection " + quoted(protection.name) + " is " + name_of(protection.state);
  if (!protection.reason.empty()) out += " (" + protection.reason + ")";
  return out;
}

std::string seconds_text(double seconds) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), seconds < 10 ? "%.2f s" : "%.0f s", seconds);
  return buffer.data();
}

std::string peak_clause(const VolumeUsage& volume) {
  return quoted(volume.name) + " held up to " + human_bytes(volume.peak_bytes) + " of " + human_bytes(volume.limit_bytes);
}

// "warm cache 'go' (000042-9f86d081884c): 3 files (8 KiB) beyond it; saved as ..."
std::string warm_clause(const WarmUse& use) {
  std::string out = "warm cache " + quoted(use.name) + (use.generation.empty() ? ": cold (" + use.why_cold + ")" : " (" + use.generation + ")");
  if (use.added_files > 0) out += ": " + counted(use.added_files, "file", "files") + " (" + human_bytes(use.added_bytes) + ") beyond it";
  if (use.copied_bytes > 0) out += ", " + human_bytes(use.copied_bytes) + " copied for touches";
  // What the companion did is a sentence of its own.
  const bool is_undone = use.saving == kNotSaved || use.saving == kSaveFailed;
  if (is_undone) out += ", " + use.saving + ": ";
  else if (!use.saving.empty()) out += ", ";
  out += use.sentence;
  return out;
}

bool has_carried_outputs(const Report& report) { return report.outputs.state == CarriedOutputs::State::carried && report.outputs.files > 0; }

// "carried out 3 files, 1.2 MiB, to '/srv/results'"
std::string outputs_clause(const CarriedOutputs& outputs) {
  return "carried out " + counted(outputs.files, "file", "files") + ", " + human_bytes(outputs.bytes) + ", to " + quoted(outputs.to);
}

// "the step succeeded in 12 s; 'workspace' held up to 1.2 GiB of 8 GiB"
std::string measures(const Report& report) {
  std::vector<std::string> clauses = {report.sentence + " in " + seconds_text(report.time.wall)};
  for (const VolumeUsage& volume : report.volumes) clauses.push_back(peak_clause(volume));
  for (const WarmUse& use : report.warm) clauses.push_back(warm_clause(use));
  if (has_carried_outputs(report)) clauses.push_back(outputs_clause(report.outputs));
  return join(clauses, "; ");
}

std::string findings(const Report& report) {
  std::vector<std::string> clauses = {report.sentence};
  if (report.stray_count > 0) clauses.push_back(strays_clause(report));
  for (const TreeChanges& tree : report.changes)
    if (std::string text = discarded_text(tree, tree.tree == ChangedTree::source && has_carried_outputs(report)); !text.empty()) clauses.push_back(std::move(text));
  if (!report.leftovers.empty()) clauses.push_back("left over: " + join(report.leftovers, ", "));
  for (const Protection& protection : report.protections)
    if (is_weakened(protection)) clauses.push_back(protection_clause(protection));
  for (const WarmUse& use : report.warm)
    if (!use.saving.empty()) clauses.push_back(warm_clause(use));
  return join(clauses, "; ");
}

// "keyctl (i386) 3 times (group keyrings), first by 'make' with 0x1 0x0 0x0 0x0 0x0 0x0"
std::string logged_call(const LoggedCall& call) {
  std::string out = call.name + (call.is_native ? "" : " (" + std::string(call.architecture) + ")");
  out += " " + counted(call.count, "time", "times");
  if (!call.groups.empty()) out += (call.groups.size() == 1 ? " (group " : " (groups ") + escaped(join(call.groups, ", ")) + ")";
  out += ", first by " + (call.process.empty() ? "a process" : quoted(call.process)) + " with";
  for (const uint64_t argument : call.arguments) out += " " + hex_text(argument);
  return out;
}

// Escapes what GitHub's runner decodes in the message of a workflow command.
std::string github_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%') out += "%25";
    else if (c == '\r') out += "%0D";
    else if (c == '\n') out += "%0A";
    else out += c;
  }
  return out;
}

// Changes that a user wanted to be discarded are nothing to be warned of.
bool is_alarming(const Report& report) {
  return has_full_volume(report) || has_reached_a_limit(report) || report.stray_count > 0 ||
         !report.leftovers.empty() || std::ranges::any_of(report.protections, is_weakened);
}

const char* github_command(const Report& report) {
  if (report.verdict != Verdict::success) return "::error";
  return is_alarming(report) ? "::warning" : "::notice";
}

}  // namespace

bool is_noteworthy(const Report& report) { return report.verdict != Verdict::success || has_news_beside_verdict(report); }

bool has_news_beside_verdict(const Report& report) {
  return is_alarming(report) || std::ranges::any_of(report.changes, [](const TreeChanges& tree) { return !discarded_text(tree).empty(); });
}

std::string summary(const Report& report, SummaryStyle style) {
  const std::string line = is_noteworthy(report) ? findings(report) : measures(report);
  if (style == SummaryStyle::plain) return line;
  return std::string(github_command(report)) + " title=stepbox::" + github_escaped(line);
}

std::vector<std::string> seccomp_log_lines(const Report& report) {
  if (!report.seccomp_log) return {};
  const std::string beginning = "seccomp profile " + quoted(report.seccomp_profile) + " would have refused ";
  if (report.seccomp_log->calls.empty()) return {beginning + "nothing"};
  std::vector<std::string> lines;
  for (const LoggedCall& call : report.seccomp_log->calls) lines.push_back(beginning + logged_call(call));
  if (const uint64_t more = report.seccomp_log->unlisted; more > 0)
    lines.push_back(beginning + counted(more, "more call", "more calls") + ", of kinds that are not listed");
  return lines;
}

}  // namespace stepbox::report
