// The ledger of isolation features: which were asked for, which are in force, and why the others are not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stepbox {

enum class ProtectionState : uint8_t { active, degraded, off };
const char* name_of(ProtectionState state);

struct Protection {
  std::string name;       // one of kProtectionNames
  bool requested;         // by the policy; without a request it may be off without a word
  ProtectionState state;
  std::string reason;     // why it is not active; if it is, how far it goes, or empty
};

// Every protection there is, as `require:` and the report spell them.
inline constexpr std::string_view kProtectionNames[] = {
    "quota",            // volumes are hard-limited in bytes and inodes
    "mount-isolation",  // own mount namespace: only named paths of the host are writable
    "host-files",       // only programs, their configuration and named paths of the host are visible
    "pid-isolation",    // own pid namespace: every process dies with the box
    "ipc-isolation",    // own System V and POSIX message queues
    "uid-isolation",    // the host's uid 0 is not in the box
    "network-isolation",
    "abstract-sockets",  // those of host processes are out of reach, even with the host's network
    "path-sockets",      // sockets of host processes that are files are out of reach
    "no-new-privileges",
    "capabilities",     // the bounding set is cut
    "seccomp",          // a profile refuses system calls; the reason names it
    "kernel-memory",    // kernel memory that a step takes counts against a limit, or is refused
    "nesting-denied",   // no nested user namespaces
};

}  // namespace stepbox
