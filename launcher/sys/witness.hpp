// A process that exists only to be signalled: the signals it got show which processes a sender meant.
//
// It sleeps with every signal blocked, so that its signals stay pending and can be read at any later time. A sender
// that picks processes by control group, session, parent, user or an environment variable picks the witness as well; a
// sender that signals the caller's process group does not, since the witness has its own group. The witness holds none
// of the caller's descriptors and dies with the caller, even by SIGKILL.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "sys/pending_signals.hpp"

namespace stepbox::sys {

class Witness {
 public:
  // No witness: hears nothing.
  Witness() = default;
  Witness(Witness&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  // First ends the witness that it replaces.
  Witness& operator=(Witness&& other) noexcept;
  // Kills the witness, and waits for its end.
  ~Witness();

  // All signals must be blocked, and only one witness may exist at a time. It also ends with `until`, a child of the
  // caller. For a moment it is in the caller's process group, so the signals it has heard when this returns may have
  // been sent to that group. If the kernel refuses another process, there is no witness. It shares the caller's memory,
  // so it costs only some 20 us, and has the caller's command line and environment.
  static Witness start(pid_t until);

  // The same, with its own memory, and so its own command line and environment: neither `pkill -f` with the caller's
  // command line finds it, nor a search for one of the variables named here. Costs some 60 us, and the caller's later
  // writes to its memory another 100 us or so.
  static Witness start_apart(pid_t until, const std::vector<std::string>& without_variables);

  // The signals it has got since its start. Read from /proc.
  SignalSet heard() const;

  // Kills the witness without waiting for its end.
  void kill();

  pid_t pid() const { return pid_; }  // -1: none

 private:
  explicit Witness(pid_t pid) : pid_(pid) {}

  pid_t pid_ = -1;
};

}  // namespace stepbox::sys
