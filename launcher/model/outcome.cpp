#include "model/outcome.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include "model/deadlines.hpp"

namespace stepbox {

const char* name_of(Deadline deadline) { return deadline == Deadline::timeout ? "timeout" : "silence"; }

int exit_code_of(const Outcome& outcome) {
  struct Visitor {
    int operator()(const Exited& exited) const { return exited.code; }
    int operator()(const Signaled& signaled) const { return kExitSignalBase + signaled.signal; }
    int operator()(const NotStarted& refused) const {
      return refused.error == ENOENT || refused.error == ENOTDIR ? kExitNotFound : kExitNotExecutable;
    }
    int operator()(const BoxKilled&) const { return kExitLauncher; }
    int operator()(const CancelledBefore& cancelled) const { return kExitSignalBase + cancelled.signal; }
  };
  return std::visit(Visitor{}, outcome);
}

int exit_code_of(Verdict verdict, const Outcome& outcome) {
  const VerdictRow& row = row_of(verdict);
  if (row.exit_rule == ExitRule::fixed) return row.code;
  const int code = exit_code_of(outcome);
  return code == 0 && row.exit_rule == ExitRule::never_zero ? kExitSignalBase + SIGKILL : code;
}

std::string signal_name(int signal) {
  if (const char* name = ::sigabbrev_np(signal); name != nullptr) return std::string("SIG") + name;
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
  return "signal " + std::to_string(signal);
}

}  // namespace stepbox
