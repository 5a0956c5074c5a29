// The plan as C strings and flat arrays, made before clone, so that init and step can use it without allocating.
// Everything points into the Plan, which must outlive it.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/plan.hpp"

namespace stepbox::sandbox {

// The process state that the caller set up, before stepbox changed it; the step gets it back.
struct CallerState {
  sigset_t mask;
  struct sigaction child_action;  // of SIGCHLD, which some callers ignore
  bool has_foreground = false;    // the step starts with the terminal
};

// The control groups that init enters before anything else. Borrowed descriptors.
struct BoxGroups {
  int unified = -1;             // the v2 group to clone init into; -1 for none
  std::vector<int> tasks = {};  // "tasks" of v1 groups

  bool is_empty() const { return unified < 0 && tasks.empty(); }
};

struct Prepared {
  explicit Prepared(const Plan& plan, const CallerState& caller, BoxGroups groups = {}, int private_directory = -1);

  const Plan& plan;
  const CallerState& caller;
  const BoxGroups groups;
  const int private_directory;  // the workspace of a step without a box; borrowed
  std::vector<char*> argv;
  std::vector<char*> shell_argv;  // for a script without "#!": sh PROGRAM ARG...
  std::vector<char*> environment;
  std::vector<const char*> programs;
  std::string uid_map;
  std::string gid_map;
  std::string owner_uid;  // for the uid= and gid= of a tmpfs
  std::string owner_gid;
  uint64_t kept_capabilities = 0;  // a bit per capability
  std::vector<sock_filter> log_program = {};  // in log mode instead of the plan's filter; else empty
  // The value of LISTEN_PID, for the step to fill in if its pid cannot be known beforehand; otherwise null.
  char* listen_pid = nullptr;

 private:
  std::vector<std::string> environment_text_;
};

}  // namespace stepbox::sandbox
