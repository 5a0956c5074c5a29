// How the step ended. Never an Error: those are stepbox's own failures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>

namespace stepbox {

// Exit codes of stepbox itself, as timeout(1), env(1) and Docker taught everyone.
// The step succeeded, and its outputs did not get where they should.
inline constexpr int kExitOutputMissing = 123;
inline constexpr int kExitDeadline = 124;
inline constexpr int kExitLauncher = 125;
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;
inline constexpr int kExitSignalBase = 128;

struct Exited {
  int code;
  bool operator==(const Exited&) const = default;
};
struct Signaled {
  int signal;
  bool core_dumped;
  bool operator==(const Signaled&) const = default;
};
// execve refused the command; `error` is its errno.
struct NotStarted {
  int error;
  // With ENOENT: the first of Plan::programs that exists, so that its interpreter must be missing; else -1.
  int program = -1;
  bool operator==(const NotStarted&) const = default;
};
// The box died under the step: init was killed from outside (SIGKILL, out of memory on the host).
struct BoxKilled {
  int signal;
  bool operator==(const BoxKilled&) const = default;
};
// Stepbox was asked to end by a signal while it made the box: the step did not run.
struct CancelledBefore {
  int signal;
  bool operator==(const CancelledBefore&) const = default;
};

using Outcome = std::variant<Exited, Signaled, NotStarted, BoxKilled, CancelledBefore>;

enum class Verdict : uint8_t {
  success, failure, signal, timeout, silence, disk_quota, inode_quota, out_of_memory, process_limit, seccomp, not_found,
  not_executable, output_missing, cancelled, launcher_error,
  running  // not over yet: a report file says so until then
};

// The exit code of stepbox for an outcome.
int exit_code_of(const Outcome& outcome);

// Which exit code goes with a verdict.
enum class ExitRule : uint8_t {
  of_outcome,            // the step's own, or 128 plus the number of the signal that ended it
  never_zero,            // likewise, but as if killed where the step itself succeeded
  fixed                  // VerdictRow::code
};

struct VerdictRow {
  Verdict verdict;
  std::string_view word;  // in the report
  ExitRule exit_rule;
  int code;                  // with ExitRule::fixed
  std::string_view meaning;  // the same text as in stepbox(1): a test compares the two
};

// In the order of the enumerators. To add a verdict is to add an enumerator, a row, its rule in report/verdict.cpp, and
// its entry in stepbox(1).
inline constexpr VerdictRow kVerdicts[] = {
    {Verdict::success, "success", ExitRule::of_outcome, 0, "The step exited with code 0."},
    {Verdict::failure, "failure", ExitRule::of_outcome, 0, "The step exited with another code, and none of the causes below was found."},
    {Verdict::signal, "signal", ExitRule::of_outcome, 0, "A signal ended the step, and none of the causes below was found."},
    {Verdict::timeout, "timeout", ExitRule::fixed, kExitDeadline, "The step ran into its time limit."},
    {Verdict::silence, "silence", ExitRule::fixed, kExitDeadline, "The step wrote nothing for too long."},
    {Verdict::disk_quota, "disk-quota", ExitRule::of_outcome, 0, "The step failed, and a volume was full."},
    {Verdict::inode_quota, "inode-quota", ExitRule::of_outcome, 0, "The step failed, and a volume had no inode left."},
    {Verdict::out_of_memory, "out-of-memory", ExitRule::never_zero, 0, "The kernel killed a process because memory ran out."},
    {Verdict::process_limit, "process-limit", ExitRule::of_outcome, 0, "The step failed, and was refused a process."},
    {Verdict::seccomp, "seccomp", ExitRule::of_outcome, 0, "The step made a system call for which the profile kills."},
    {Verdict::not_found, "not-found", ExitRule::fixed, kExitNotFound, "The command or its interpreter is not in the box."},
    {Verdict::not_executable, "not-executable", ExitRule::fixed, kExitNotExecutable, "The command was found and cannot be executed."},
    {Verdict::output_missing, "output-missing", ExitRule::fixed, kExitOutputMissing, "The step succeeded, and a required output is missing or could not be carried out."},
    {Verdict::cancelled, "cancelled", ExitRule::of_outcome, 0, "A signal asked stepbox to stop."},
    {Verdict::launcher_error, "launcher-error", ExitRule::fixed, kExitLauncher, "Stepbox could not do its work."},
    {Verdict::running, "running", ExitRule::fixed, 0, "The run is not over."},
};

consteval bool verdicts_are_sound() {
  for (size_t i = 0; i < std::size(kVerdicts); ++i)
    if (kVerdicts[i].verdict != static_cast<Verdict>(i) || kVerdicts[i].word.empty() || !kVerdicts[i].meaning.ends_with('.')) return false;
  return std::size(kVerdicts) == static_cast<size_t>(Verdict::running) + 1;
}
static_assert(verdicts_are_sound(), "a row for each enumerator, in their order");

constexpr const VerdictRow& row_of(Verdict verdict) { return kVerdicts[static_cast<size_t>(verdict)]; }
constexpr const char* name_of(Verdict verdict) { return row_of(verdict).word.data(); }

// The exit code of stepbox for a finished run.
int exit_code_of(Verdict verdict, const Outcome& outcome);

// "SIGTERM", "SIGRTMIN+3"; "signal 99" where there is no name.
std::string signal_name(int signal);

}  // namespace stepbox
