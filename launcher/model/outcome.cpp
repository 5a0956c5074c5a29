#include "model/outcome.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include "model/deadlines.hpp"

namespace stepbox {

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::success: return "success";
    case Verdict::failure: return "failure";
    case Verdict::signal: return "signal";
    case Verdict::timeout: return "timeout";
    case Verdict::silence: return "silence";
    case Verdict::disk_quota: return "disk-quota";
    case Verdict::inode_quota: return "inode-quota";
    case Verdict::out_of_memory: return "out-of-memory";
    case Verdict::process_limit: return "process-limit";
    case Verdict::not_found: return "not-found";
    case Verdict::not_executable: return "not-executable";
    case Verdict::cancelled: return "cancelled";
    case Verdict::launcher_error: return "launcher-error";
    case Verdict::seccomp: return "seccomp";
    case Verdict::running: return "running";
  }
  return "";
}

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

std::string signal_name(int signal) {
  if (const char* name = ::sigabbrev_np(signal); name != nullptr) return std::string("SIG") + name;
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
  return "signal " + std::to_string(signal);
}

}  // namespace stepbox
