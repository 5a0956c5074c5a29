// Presents a run: as JSON for machines, as one sentence and one line for people.
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

// Concludes a report once every fact is in: sets verdict, exit_code and sentence, which follow from each other in this
// order.
void conclude(Report& report);

// Whether a volume had no room or no inode left at some time.
bool has_full_volume(const Report& report);

// The one-word cause; pure. Reads only outcome, overrun, cancelled_by, killing_profile, volumes, limits and outputs, so it can
// be called as soon as these are known.
//
// A step has failed if the kernel killed one of its processes for memory, whatever its exit code. A kill in the group
// that stepbox runs in may have hit another's process: it only counts if the step failed and has no surer cause.
//
// Any other step that exits with 0 before a deadline has succeeded, whatever else happened. A step that failed while a
// volume was full (or had no inode left) failed by the quota; a request to stop comes before that, since it is what
// ended the step.
Verdict verdict_of(const Report& report);

// Whether the verdict leaves the cause of a failure open: then the box's possible part in it is worth a word.
bool has_unknown_cause(const Report& report);

// The cause as a sentence, without a full stop: "the step exited with code 1 while volume 'cache' was full
// (4 GiB; most of it go-build: 3.6 GiB)".
//
// If nothing was full and the cause is open, the sentence names volumes that were at least half full, with their
// highest sample: the kernel does not report a write that a tmpfs refused.
std::string sentence_of(const Report& report);

// Which deadline ended the step: "the step ran into its time limit of 30m (--timeout)". For the sentence, and for the
// line that announces the end.
std::string overrun_text(const Overrun& overrun);

// The version that reports have, and the newest that can be read.
inline constexpr int kReportSchema = 1;

// The report as JSON, schema version 1, ending in a newline. Bytes that are not UTF-8 appear as U+FFFD.
// Environment values never appear. Records at the root and in lists, so that it can grow.
std::string to_json(const Report& report);

// Reads such a text back, whole or short. Where JSON holds less than a Report, the likeliest outcome stands in: a box that
// died comes back as a step that a signal ended. An error if the text is no report, or has a newer schema.
Result<Report> from_json(std::string_view text);

// Only `run`, `step` and `outcome` of to_json(): for a run that is not over (verdict `running`: no end, no exit code), or
// that stepbox could not carry out.
std::string to_short_json(const Report& report);

// Lists of flat records as JSON: {"schema_version": 1, "NAME": [{...}, ...], ...}, for pages other than the report
// of a run (doctor). The same rules as above.
using Fields = std::vector<std::pair<std::string, std::string>>;
struct RecordList {
  std::string name;
  std::vector<Fields> records;
};
std::string records_to_json(const std::vector<RecordList>& lists);

// Where a report goes, chosen before the step runs: a path that cannot work is an error at once, and not
// after an hour of building, and a step that later puts a link in a directory's place has no effect.
//
// A regular file is written atomically (sys/atomic_file.hpp). It replaces whatever has the name by then, even a
// symbolic link, and never writes through one: the name may lie where the step could write. A fifo, a character device,
// /dev/stdout, /dev/stderr and /dev/fd/N are written to as they are.
class Destination {
 public:
  // Makes nothing yet. Holds the directory, or a copy of the descriptor.
  static Result<Destination> open(const std::string& path);

  // A file with a name of its own can hold one text after the other. A stream or descriptor takes one document only.
  bool is_file() const { return !descriptor_ && !is_stream_; }

  // Both functions need a caller that ignores SIGPIPE and SIGXFSZ, so that a reader that is gone and a file that may
  // not grow are errors. A failure leaves nothing behind.
  Result<> write(std::string_view text) const;

  // For is_file(): the same, but withdraw() can undo it, and it does not wait milliseconds for the disk. After a crash
  // of the machine the name may show what it showed before.
  Result<> announce(std::string_view text);
  // Removes the file that announce() wrote, if it still has the name: its text is no longer true.
  void withdraw() const;

 private:
  std::string path_;       // as the user wrote it, for messages
  sys::Fd directory_;      // empty for a descriptor
  std::string name_;       // in the directory
  bool is_stream_ = false;  // a fifo or device had the name when it was opened
  sys::Fd descriptor_;
  std::optional<sys::FileId> announced_;
};

// Whether anything is worth a line: the step failed, a volume was full, strays were killed, something
// was left over, changes were discarded, or a protection that the policy asked for is not fully in force.
bool is_noteworthy(const Report& report);
bool has_news_beside_verdict(const Report& report);

// plain: for a terminal or a log, after the prefix "stepbox: ".
// github: a workflow command, "::warning title=stepbox::..."; GitHub reads it only at the start of a line.
enum class SummaryStyle { plain, github };

// One line without newline and prefix: the sentence, and what else is worth knowing: "...; 2 processes
// left running were killed: sleep, java". If there is nothing, how long the step took and what it used.
std::string summary(const Report& report, SummaryStyle style);

// For --diff: a line for each tree that the step saw through an overlay, then its changes, the largest first, bounded.
// Where there is no such tree, a line that says so.
std::vector<std::string> change_lines(const Report& report);

// "discarded 12 changed files, 3.4 MiB, most of it target/ (cargo)": what went with the overlay over a tree. Empty if
// the step changed nothing there.
std::string discarded_text(const TreeChanges& tree, bool outputs_were_kept = false);

// In seccomp's log mode a line for each kind of call that the profile would have refused, or one that there was none.
std::vector<std::string> seccomp_log_lines(const Report& report);

}  // namespace stepbox::report
