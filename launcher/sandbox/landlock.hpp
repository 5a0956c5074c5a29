// Landlock (landlock(7)): what a process may write to, and whom it may talk to, without any namespace.
//
// In a box two things of it are used: the scope of abstract sockets, where the host's network is shared and with it the
// namespace of these names; and the right to connect to sockets that are files, where the network is not shared. Not
// the scope of signals: the pid namespace says more already. Where there is no box (Isolation::landlock), it is all
// there is.
#pragma once

#include <cstdint>

#include "model/plan.hpp"

namespace stepbox::sandbox {

struct LandlockSupport {
  int abi = 0;    // what the kernel can do, as a number that grows with it; 0 where there is no Landlock, or it is switched off
  int error = 0;  // why the kernel did not tell, as where a container's filter refuses to ask; `abi` is 0 then
};
LandlockSupport landlock_support();

// The first that lets files be moved from one directory to another (Linux 5.19); without, most builds fail.
inline constexpr int kLandlockForWrites = 2;
// The first that notices a truncate(2) by path (Linux 6.2).
inline constexpr int kLandlockForTruncate = 3;
// The first with scopes (Linux 6.12).
inline constexpr int kLandlockForScopes = 6;
// The first that notices a connect(2) or sendto(2) to a socket that is a file (Linux 7.1).
inline constexpr int kLandlockForPathSockets = 9;

// What the plan asks of the kernel, in the kernel's bits (linux/landlock.h).
struct LandlockRights {
  uint64_t handled = 0;       // denied everywhere, but for what rules allow
  uint64_t of_workspace = 0;  // allowed below the descriptor that enter_landlock() is given
  uint64_t of_sockets = 0;    // allowed to plan.open_sockets
  uint64_t scopes = 0;

  bool is_empty() const { return handled == 0 && scopes == 0; }
};
LandlockRights landlock_rights(const Plan& plan);

struct LandlockFailure {
  int error = 0;
  int index = -1;  // the path of Plan::writable that it is about
};

// From now on this process and its children are held to what the plan says; no_new_privs must be set. `workspace` is
// open on the step's own directory, and in a box on its root; with plan.open_sockets the box must be made. What is open as
// stdin, stdout and stderr stays writable by its name as well. Allocation-free.
LandlockFailure enter_landlock(const Plan& plan, int workspace);

}  // namespace stepbox::sandbox
