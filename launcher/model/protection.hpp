// The ledger of isolation features: what was asked, what is in force, and why not.
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
  bool requested;         // by the policy; what was not requested may be off without a word
  ProtectionState state;
  std::string reason;     // why it is not active; when it is, how far it goes, or empty
};

// Every protection there is, as `require:` and the report spell them.
inline constexpr std::string_view kProtectionNames[] = {
    "quota",            // volumes are hard-limited in bytes and inodes
    "mount-isolation",  // own mount namespace: nothing of the host is writable but what was named
    "host-files",       // of the host's files only programs, their configuration and what was named is in sight
    "pid-isolation",    // own pid namespace: every process dies with the box
    "ipc-isolation",    // own System V and POSIX message queues
    "uid-isolation",    // the host's uid 0 is not in the box
    "network-isolation",
    "abstract-sockets",  // those of host processes are out of reach, also with the host's network
    "path-sockets",      // sockets of host processes that are files are out of reach
    "no-new-privileges",
    "capabilities",     // the bounding set is cut
    "seccomp",          // a profile of system calls that are refused; the reason names it
    "kernel-memory",    // what a step takes of the kernel's counts against a limit, or is refused
    "nesting-denied",   // no nested user namespaces
};

}  // namespace stepbox
