// How a run is told: as JSON for machines, as one sentence and one line for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/report.hpp"
#include "sys/fd.hpp"
#include "sys/file_id.hpp"

namespace stepbox::report {

// How the run ended, once every fact is in: sets verdict, exit_code and sentence, which follow from each other in this order.
void conclude(Report& report);

// Whether a volume had no room or no inode left at some time.
bool has_full_volume(const Report& report);

// The one-word cause, from the outcome, the volumes and cancelled_by; pure. The rest of the report is
// not read, so it can be called as soon as those three are known.
//
// A step of which the kernel killed a process for memory has failed, whatever it ended with. Where the process may have
// been another's, in the group that stepbox runs in, that counts for a step that failed for no surer reason.
//
// Any other that exits with 0 has succeeded, whatever else happened. One that failed while a volume was full
// (or had no inode left) failed by the quota; being asked to stop comes before that, since it is what
// ended the step.
Verdict verdict_of(const Report& report);

// Whether the verdict leaves the cause of a failure open: what the box may have had to do with it is then worth a word.
bool has_unknown_cause(const Report& report);

// The cause as a sentence, without a full stop: "the step exited with code 1 while volume 'cache' was full
// (4 GiB; most of it go-build: 3.6 GiB)". Reads outcome, verdict, cancelled_by, argv, volumes and caches.
//
// Where nothing was full and the cause is open, volumes that were at least half full are named with their highest sample:
// the kernel does not tell of a write that a tmpfs refused.
std::string sentence_of(const Report& report);

// Which deadline ended the step: "the step ran into its time limit of 30m (--timeout)". For the sentence, and for the line
// that announces the end.
std::string overrun_text(const Overrun& overrun);

// The report as JSON, schema version 1, ending in a newline. Bytes that are not UTF-8 appear as U+FFFD.
// Environment values never appear. Records at the root and in lists, so that it can grow.
std::string to_json(const Report& report);

// The report that such a text tells of, whole or short. What JSON does not tell apart comes back as what is likeliest: a
// box that died as a step that a signal ended. An error for what is no report, and for one of a newer schema.
Result<Report> from_json(std::string_view text);

// The beginning of that: `run`, `step` and `outcome` alone. What can be said of a run that is not over (verdict
// `running`: no end, no exit code), or that stepbox failed to carry out. Reads run, end, argv, cwd, verdict, exit_code
// and sentence.
std::string to_short_json(const Report& report);

// Lists of flat records as JSON: {"schema_version": 1, "NAME": [{...}, ...], ...}, for what is no report of a
// run (doctor). The same rules as above.
using Fields = std::vector<std::pair<std::string, std::string>>;
struct RecordList {
  std::string name;
  std::vector<Fields> records;
};
std::string records_to_json(const std::vector<RecordList>& lists);

// Where a report goes, chosen before the step runs: a path that cannot work is told at once and not
// after an hour of building, and a step that later puts a link in a directory's place leads nobody astray.
//
// A regular file is written atomically (sys/atomic_file.hpp). What has the name by then is replaced, a symbolic
// link too, and never written through: it may lie where the step could write. A fifo, a character device, /dev/stdout, /dev/stderr and /dev/fd/N are written to.
class Destination {
 public:
  // Makes nothing yet. Holds the directory, or a copy of the descriptor.
  static Result<Destination> open(const std::string& path);

  // A file with a name of its own can hold one text after the other. What is written to as it stands takes one
  // document and no second.
  bool is_file() const { return !descriptor_ && !is_stream_; }

  // In both, the caller ignores SIGPIPE and SIGXFSZ; a reader that is gone and a file that may not grow are errors.
  // Nothing is left behind by a failure.
  Result<> write(std::string_view text) const;

  // For is_file(): the same, but for withdraw() and without waiting for the disk, which takes milliseconds. Should the
  // machine crash, the name may show what it showed before.
  Result<> announce(std::string_view text);
  // Takes away what announce() wrote, where that still has the name: it is not true any more.
  void withdraw() const;

 private:
  std::string path_;       // as the user wrote it, for messages
  sys::Fd directory_;      // empty where a descriptor is written to
  std::string name_;       // in the directory
  bool is_stream_ = false;  // a fifo or device had the name when it was opened
  sys::Fd descriptor_;
  std::optional<sys::FileId> announced_;
};

// Whether anything is worth a line: the step failed, a volume was full, strays were killed, something
// was left over, or a protection that the policy asked for is not fully in force.
bool is_noteworthy(const Report& report);

// plain: for a terminal or a log, after the prefix "stepbox: ".
// github: a workflow command, "::warning title=stepbox::..."; GitHub reads it only at the start of a line.
enum class SummaryStyle { plain, github };

// One line without newline and prefix: the sentence, and what else is worth knowing: "...; 2 processes
// left running were killed: sleep, java". Where nothing is, how long it took and what it used.
std::string summary(const Report& report, SummaryStyle style);

// Whether the end of the step is one that settings may have to do with which it did not see.
bool tells_hidden_settings(const Report& report);

// Which ones those are, bounded, and how to show them; empty when it was another end, or there are none.
std::string hidden_settings_line(const Report& report);

// In seccomp's log mode a line for each kind of call that would have been refused, or one that there was none.
std::vector<std::string> seccomp_log_lines(const Report& report);

}  // namespace stepbox::report
