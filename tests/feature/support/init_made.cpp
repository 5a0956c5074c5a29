#include "support/init_made.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "support/child.hpp"

namespace stepbox::feature {
namespace {

// Stepbox's other children are in the pid namespace of the suite.
bool is_init(pid_t child) {
  return std::filesystem::read_symlink("/proc/" + std::to_string(child) + "/ns/pid") !=
         std::filesystem::read_symlink("/proc/self/ns/pid");
}

// The next child that stepbox forks, stopped; -1 when stepbox ends first.
pid_t next_child(pid_t stepbox) {
  int status = 0;
  do {
    if (::ptrace(PTRACE_CONT, stepbox, 0, 0) != 0) return -1;
    if (::waitpid(stepbox, &status, 0) != stepbox || !WIFSTOPPED(status)) return -1;
  } while (status >> 8 != (SIGTRAP | PTRACE_EVENT_FORK << 8));
  unsigned long message = 0;
  if (::ptrace(PTRACE_GETEVENTMSG, stepbox, 0, &message) != 0) return -1;
  const pid_t child = static_cast<pid_t>(message);
  return ::waitpid(child, &status, __WALL) == child ? child : -1;
}

}  // namespace

void in_child::ask_to_be_traced() { must(::ptrace(PTRACE_TRACEME, 0, 0, 0) == 0, "ask to be traced"); }

bool hold_once_init_is_made(pid_t stepbox, Held held) {
  int status = 0;
  if (::waitpid(stepbox, &status, 0) != stepbox || !WIFSTOPPED(status)) return false;  // its execve
  if (::ptrace(PTRACE_SETOPTIONS, stepbox, 0, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL) != 0) return false;
  for (;;) {
    const pid_t child = next_child(stepbox);
    if (child < 0) return false;
    const bool made = is_init(child);
    if (::ptrace(PTRACE_DETACH, child, 0, made && held == Held::init ? SIGSTOP : 0) != 0) return false;
    if (made) return held == Held::stepbox || ::ptrace(PTRACE_DETACH, stepbox, 0, 0) == 0;
  }
}

}  // namespace stepbox::feature
