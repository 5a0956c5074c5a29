// What became of the step. Never an Error: that is for stepbox's own failures.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace stepbox {

// Exit codes of stepbox itself, as timeout(1), env(1) and Docker taught everyone.
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
  // With ENOENT: of Plan::programs the first that is there, so that it is its interpreter that is not; else -1.
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
  not_executable, cancelled, launcher_error,
  running  // not over yet: what a report file says until then
};
const char* name_of(Verdict verdict);

// The exit code of stepbox for an outcome.
int exit_code_of(const Outcome& outcome);

// "SIGTERM", "SIGRTMIN+3"; "signal 99" where there is no name.
std::string signal_name(int signal);

}  // namespace stepbox
