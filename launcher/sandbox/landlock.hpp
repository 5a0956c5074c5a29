// Landlock (landlock(7)): restricts where a process may write and whom it may talk to, without any namespace.
//
// A box uses two parts of it. The scope of abstract sockets, when the box shares the host's network and with it the
// namespace of these names; and the right to connect to path sockets, when it does not share the network. It does not
// need the scope of signals, since the pid namespace does more. Without a box (Isolation::landlock), Landlock is the
// only confinement.
#pragma once

#include <cstdint>

#include "model/plan.hpp"

namespace stepbox::sandbox {

struct LandlockSupport {
  int abi = 0;    // the kernel's Landlock version; 0 if there is none, or it is switched off
  int error = 0;  // why the kernel did not tell, e.g. a container's filter refused; `abi` is then 0
};
LandlockSupport landlock_support();

// The first version that lets files move between directories (Linux 5.19); without that, most builds fail.
inline constexpr int kLandlockForWrites = 2;
// The first version that controls truncate(2) by path (Linux 6.2).
inline constexpr int kLandlockForTruncate = 3;
// The first version with scopes (Linux 6.12).
inline constexpr int kLandlockForScopes = 6;
// The first version that controls connect(2) and sendto(2) to path sockets (Linux 7.1).
inline constexpr int kLandlockForPathSockets = 9;

// The plan's demands in the kernel's bits (linux/landlock.h).
struct LandlockRights {
  uint64_t handled = 0;       // denied everywhere except where a rule allows it
  uint64_t of_workspace = 0;  // allowed below the descriptor that enter_landlock() is given
  uint64_t of_sockets = 0;    // allowed to plan.confinement.open_sockets
  uint64_t scopes = 0;

  bool is_empty() const { return handled == 0 && scopes == 0; }
};
LandlockRights landlock_rights(const Plan& plan);

struct LandlockFailure {
  int error = 0;
  int index = -1;  // the place of the failing path in Plan::writable
};

// Confines this process and its children, for good, to what the plan allows; no_new_privs must be set. `workspace` is
// open on the step's own directory, or on the root of a box; with plan.confinement.open_sockets the box must be complete. The
// files open as stdin, stdout and stderr stay writable by name too. Allocation-free.
LandlockFailure enter_landlock(const Plan& plan, int workspace);

}  // namespace stepbox::sandbox
