#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>

#include "base/text.hpp"
#include "model/box_limits.hpp"
#include "model/units.hpp"
#include "report/report.hpp"

namespace stepbox::report {
namespace {

bool any_full(const std::vector<VolumeUsage>& volumes, bool VolumeUsage::*full) { return std::ranges::any_of(volumes, full); }

// The volume that a path of the box lies in: the one mounted closest to it.
const VolumeUsage* volume_of(const std::vector<VolumeUsage>& volumes, const std::string& path) {
  const VolumeUsage* closest = nullptr;
  for (const VolumeUsage& volume : volumes)
    if (is_within(path, volume.path) && (closest == nullptr || volume.path.size() > closest->path.size()))
      closest = &volume;
  return closest;
}

struct Share {
  std::string who;
  uint64_t amount = 0;
};

// The biggest user of a volume, in bytes or files. A tool may keep several folders; parts without a known
// tool are told apart by their paths.
Share biggest_in(const VolumeUsage& volume, const Report& report, uint64_t CacheUsage::*amount) {
  std::map<std::string, uint64_t> totals;
  for (const CacheUsage& cache : report.caches)
    if (volume_of(report.volumes, cache.path) == &volume)
      totals[cache.tool == "unknown" ? escaped(cache.path) : cache.tool] += cache.*amount;
  Share biggest;
  for (const auto& [who, total] : totals)
    if (total > biggest.amount) biggest = {who, total};
  return biggest;
}

bool is_most(uint64_t part, uint64_t whole) { return part >= whole - whole / 2; }

std::string bytes_clause(const VolumeUsage& volume, const Report& report) {
  const Share biggest = biggest_in(volume, report, &CacheUsage::bytes);
  std::string out = "volume " + quoted(volume.name) + " was full (" + human_bytes(volume.limit_bytes);
  if (biggest.amount > 0)
    out += (is_most(biggest.amount, volume.limit_bytes) ? "; most of it " : "; the largest part ") + biggest.who +
           ": " + human_bytes(biggest.amount);
  return out + ")";
}

std::string inodes_clause(const VolumeUsage& volume, const Report& report) {
  const Share biggest = biggest_in(volume, report, &CacheUsage::files);
  std::string out = "volume " + quoted(volume.name) + " had no inode left (" + std::to_string(volume.limit_inodes);
  if (biggest.amount > 0)
    out += (is_most(biggest.amount, volume.limit_inodes) ? "; most of them " : "; the largest part ") + biggest.who +
           ": " + std::to_string(biggest.amount);
  return out + ")";
}

std::string full_volumes(const Report& report) {
  std::vector<std::string> clauses;
  for (const VolumeUsage& volume : report.volumes) {
    if (volume.bytes_full) clauses.push_back(bytes_clause(volume, report));
    if (volume.inodes_full) clauses.push_back(inodes_clause(volume, report));
  }
  return join(clauses, " and ");
}

const LimitUsage* hit_limit(const Report& report, std::string_view name) {
  for (const LimitUsage& limit : report.limits)
    if (limit.name == name && limit.hits > 0) return &limit;
  return nullptr;
}

// Whose limit on memory was reached: the box's, or that of the group that stepbox runs in.
enum class Whose : uint8_t { box, enclosing };

bool has_run_out_of_memory(const Report& report, Whose whose) {
  const LimitUsage* limit = hit_limit(report, "memory");
  return limit != nullptr && limit->is_enclosing == (whose == Whose::enclosing);
}

std::string counted_processes(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " process" : " processes");
}

// "1 process: 'cc1plus' (1.1 GiB)". A process that was not seen dying is named only if it held a good part of the
// memory.
std::string killed_processes(const Report& report, const LimitUsage& limit) {
  const std::string killed = counted_processes(limit.hits);
  const std::optional<MemoryHolder>& holder = report.memory_holder;
  if (!holder) return killed;
  // Mapped files count as well, although other groups may have paid for them.
  const std::string what = holder->bytes > limit.limit ? " in memory, files it maps included" : "";
  const std::string who = quoted(holder->name) + " (" + human_bytes(holder->bytes) + what + ")";
  if (holder->was_killed) return killed + (limit.hits == 1 ? ": " : ", among them ") + who;
  constexpr uint64_t kGoodPart = 8;
  return holder->bytes >= (limit.peak != 0 ? limit.peak : limit.limit) / kGoodPart ? killed + "; the largest was " + who : killed;
}

// Files of a tmpfs are memory, and often the files filled it.
std::string out_of_memory_text(const Report& report, const LimitUsage& limit) {
  if (limit.is_enclosing)
    return "memory ran out in the control group that stepbox runs in (limit " + human_bytes(limit.limit) +
           "), where the kernel killed " + counted_processes(limit.hits) + ", of the step or beside it";
  uint64_t held = 0;
  for (const VolumeUsage& volume : report.volumes) held += volume.peak_bytes;
  // Without a box there are no volumes.
  const std::string volumes = report.volumes.empty() ? "" : " while the volumes held " + human_bytes(held);
  const std::string where = limit.hits_from_above ? "outside of the box, whose own limit of " + human_bytes(limit.limit) + " was not reached,"
                                                  : "at the limit of " + human_bytes(limit.limit);
  return "memory ran out " + where + volumes + ", and the kernel killed " + killed_processes(report, limit);
}

std::string processes_clause(const Report& report) {
  const LimitUsage* limit = hit_limit(report, "processes");
  if (limit == nullptr) return "";
  const std::string own = "limit of " + std::to_string(limit->limit) + " processes";
  return limit->hits_from_above ? "a limit on processes outside of the box was reached (not the box's own " + own + ")"
                                : "the " + own + " was reached";
}

std::string command_of(const Report& report) {
  return "command " + quoted(report.argv.empty() ? "" : report.argv.front());
}

// execve also says ENOENT for a script whose interpreter is missing.
std::string not_found_text(const Report& report) {
  if (!report.interpreter.empty())
    return "the interpreter " + quoted(report.interpreter) + " of " + command_of(report) + " was not found in the box";
  const NotStarted* refused = std::get_if<NotStarted>(&report.outcome);
  const bool is_there = refused != nullptr && refused->program >= 0;
  return (is_there ? "the interpreter of " : "") + command_of(report) + " was not found in the box";
}

// A sandbox inside the box may kill by the same signal, so ours is blamed only if it kills at all.
bool is_killed_by_filter(const Report& report) {
  const Signaled* signaled = std::get_if<Signaled>(&report.outcome);
  return signaled != nullptr && signaled->signal == SIGSYS && !report.killing_profile.empty();
}

std::string what_happened(const Report& report) {
  struct Visitor {
    const Report& report;
    std::string operator()(const Exited& exited) const {
      return exited.code == 0 ? "the step succeeded" : "the step exited with code " + std::to_string(exited.code);
    }
    std::string operator()(const Signaled& signaled) const {
      if (is_killed_by_filter(report))
        return "the step was ended by SIGSYS: it made a system call that the seccomp profile " +
               quoted(report.killing_profile) + " forbids";
      return "the step was ended by " + signal_name(signaled.signal);
    }
    std::string operator()(const NotStarted& refused) const {
      if (exit_code_of(refused) == kExitNotFound) return not_found_text(report);
      return Error::from_errno(command_of(report) + " cannot be executed", refused.error).message;
    }
    std::string operator()(const CancelledBefore& cancelled) const {
      return "stepbox was asked to end by " + signal_name(cancelled.signal) + " while it made the box; the step did not run";
    }
    std::string operator()(const BoxKilled& killed) const {
      return "the box was killed from outside by " + signal_name(killed.signal) +
             "; how the step would have ended is not known";
    }
  };
  return std::visit(Visitor{report}, report.outcome);
}

// How the step ended after stepbox had asked it to.
std::string ending_text(const Report& report) {
  if (report.killed_on_request) return "stepbox was asked to stop twice, and it was killed";
  if (report.grace_exceeded)
    return "it did not end within the grace of " + duration_text(*report.grace_exceeded) + " and was killed";
  if (const Exited* exited = std::get_if<Exited>(&report.outcome))
    return "asked to end, it exited with code " + std::to_string(exited->code);
  if (const Signaled* signaled = std::get_if<Signaled>(&report.outcome))
    return "asked to end, it was ended by " + signal_name(signaled->signal);
  return what_happened(report);
}

// A tmpfs leaves no trace of a refused write. Samples miss an allocation that is larger than the room left, and a
// volume that is full only between two looks. The fill level is then the only lead, and worth a word from this one on.
constexpr uint64_t kNotablePercent = 50;

struct FillLevel {
  uint64_t percent = 0;
  std::string text;  // "volume 'cache': highest sample 62 % of 4 GiB"
};

// Less than 100, however close it came: no sample was full.
uint64_t percent_of(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : std::min<uint64_t>(static_cast<uint64_t>(static_cast<double>(part) * 100 / static_cast<double>(whole)), 99);
}

FillLevel fill_level(const VolumeUsage& volume) {
  const uint64_t bytes = percent_of(volume.peak_bytes, volume.limit_bytes);
  const uint64_t inodes = percent_of(volume.peak_inodes, volume.limit_inodes);
  const std::string whole = inodes > bytes ? std::to_string(volume.limit_inodes) + " inodes" : human_bytes(volume.limit_bytes);
  const uint64_t percent = std::max(bytes, inodes);
  return {percent, "volume " + quoted(volume.name) + ": highest sample " + std::to_string(percent) + " % of " + whole};
}

// "; volume 'cache': highest sample 62 % of 4 GiB", of the two fullest.
std::string fill_levels(const Report& report) {
  constexpr size_t kMost = 2;
  std::vector<FillLevel> levels;
  for (const VolumeUsage& volume : report.volumes)
    if (FillLevel level = fill_level(volume); level.percent >= kNotablePercent) levels.push_back(std::move(level));
  std::ranges::stable_sort(levels, std::ranges::greater{}, &FillLevel::percent);
  std::string out;
  for (size_t i = 0; i < std::min(levels.size(), kMost); ++i) out += "; " + levels[i].text;
  return out;
}

std::string cancelled_text(const Report& report) {
  if (std::holds_alternative<CancelledBefore>(report.outcome)) return what_happened(report);
  std::string out = "the step was stopped by " + signal_name(report.cancelled_by) + " sent to stepbox";
  if (const Exited* exited = std::get_if<Exited>(&report.outcome))
    out += "; it exited with code " + std::to_string(exited->code);
  else if (report.grace_exceeded)
    out += "; " + ending_text(report);
  return out;
}

// Only the manifest may have failed.
std::string outputs_text(const CarriedOutputs& outputs) {
  const bool is_failed = outputs.state == CarriedOutputs::State::failed;
  return (is_failed ? ", but its outputs were not carried out: " : "; ") + (outputs.failure ? outputs.failure->message : std::string("unknown"));
}

// "raise it with --size SIZE and --volume cache=SIZE", for the volumes that ran out of bytes, or of inodes.
std::string how_to_raise_volumes(const Report& report, bool VolumeUsage::*is_full, const std::string& of_workspace, const std::string& of_volume) {
  std::vector<std::string> options;
  for (const VolumeUsage& volume : report.volumes)
    if (volume.*is_full) options.push_back(volume.name == "workspace" ? of_workspace : "--volume " + volume.name + of_volume);
  return "raise it with " + join(options, " and ");
}

std::string how_to_raise_limit(const Report& report, std::string_view name, const char* operand) {
  const LimitUsage* limit = hit_limit(report, name);
  if (limit->hits_from_above || limit->is_enclosing) return {};
  return "raise it with " + std::string(find_box_limit(name)->option) + "=" + operand;
}

// The option that raises the limit to which the verdict owes its name, if stepbox has set that limit.
std::string hint_of(const Report& report) {
  switch (report.verdict) {
    case Verdict::disk_quota: return how_to_raise_volumes(report, &VolumeUsage::bytes_full, "--size SIZE", "=SIZE");
    case Verdict::inode_quota: return how_to_raise_volumes(report, &VolumeUsage::inodes_full, "--inodes COUNT", "=SIZE,inodes=COUNT");
    case Verdict::out_of_memory: return how_to_raise_limit(report, "memory", "SIZE");
    case Verdict::process_limit: return how_to_raise_limit(report, "processes", "COUNT");
    default: return {};
  }
}

}  // namespace

void conclude(Report& report) {
  report.verdict = verdict_of(report);
  report.exit_code = exit_code_of(report.verdict, report.outcome);
  report.sentence = sentence_of(report);
  if (report.hint.empty()) report.hint = hint_of(report);
}

bool has_full_volume(const Report& report) {
  return any_full(report.volumes, &VolumeUsage::bytes_full) || any_full(report.volumes, &VolumeUsage::inodes_full);
}

Verdict verdict_of(const Report& report) {
  if (const NotStarted* refused = std::get_if<NotStarted>(&report.outcome))
    return exit_code_of(*refused) == kExitNotFound ? Verdict::not_found : Verdict::not_executable;
  // A step that went on without one of its processes has not succeeded, whatever its exit code.
  if (has_run_out_of_memory(report, Whose::box)) return Verdict::out_of_memory;
  // Whatever its exit code in the grace: it was not done.
  if (report.overrun) return report.overrun->deadline == Deadline::timeout ? Verdict::timeout : Verdict::silence;
  if (report.outcome == Outcome{Exited{0}}) return report.outputs.failure ? Verdict::output_missing : Verdict::success;
  if (report.cancelled_by != 0) return Verdict::cancelled;
  if (is_killed_by_filter(report)) return Verdict::seccomp;
  // The count includes processes of other programs, so the sure causes come first.
  if (has_run_out_of_memory(report, Whose::enclosing)) return Verdict::out_of_memory;
  if (std::holds_alternative<BoxKilled>(report.outcome)) return Verdict::launcher_error;
  // A signal counts as well: a write to mapped memory in a full tmpfs ends in SIGBUS.
  if (any_full(report.volumes, &VolumeUsage::bytes_full)) return Verdict::disk_quota;
  if (any_full(report.volumes, &VolumeUsage::inodes_full)) return Verdict::inode_quota;
  if (const LimitUsage* limit = hit_limit(report, "processes"); limit != nullptr && !limit->hits_from_above) return Verdict::process_limit;
  return std::holds_alternative<Signaled>(report.outcome) ? Verdict::signal : Verdict::failure;
}

bool has_unknown_cause(const Report& report) {
  return report.verdict == Verdict::failure || report.verdict == Verdict::signal;
}

std::string sentence_of(const Report& report) {
  if (report.verdict == Verdict::out_of_memory)
    return out_of_memory_text(report, *hit_limit(report, "memory")) + "; " +
           (report.outcome == Outcome{Exited{0}} ? "the step itself exited with code 0" : what_happened(report));
  if (report.verdict == Verdict::output_missing) return "the step succeeded" + outputs_text(report.outputs);
  const std::string happened = report.overrun                         ? overrun_text(*report.overrun) + "; " + ending_text(report)
                               : report.verdict == Verdict::cancelled ? cancelled_text(report)
                                                                      : what_happened(report);
  std::string full = full_volumes(report);
  if (const std::string processes = processes_clause(report); !processes.empty()) full += (full.empty() ? "" : " and ") + processes;
  if (full.empty()) return has_unknown_cause(report) ? happened + fill_levels(report) : happened;
  return happened + " while " + full;
}

std::string overrun_text(const Overrun& overrun) {
  const std::string limit = duration_text(overrun.limit) + " (" + escaped(overrun.origin.text()) + ")";
  return overrun.deadline == Deadline::timeout ? "the step ran into its time limit of " + limit
                                               : "the step wrote nothing to its stdout and stderr for " + limit;
}

}  // namespace stepbox::report
