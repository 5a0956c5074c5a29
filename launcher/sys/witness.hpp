// A process that is only there to be signalled: what it got tells which processes a sender meant.
//
// It sleeps with every signal blocked, so that what it gets stays pending and can be read at any time later. A sender that
// picks processes by control group, session, parent, user or a variable of the environment picks this one as well; one
// that signals the caller's process group does not, since the witness has a group of its own. It holds no descriptor of
// the caller's, and dies with the caller, by SIGKILL too.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "sys/pending_signals.hpp"

namespace stepbox::sys {

class Witness {
 public:
  // None: it hears nothing.
  Witness() = default;
  Witness(Witness&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  // Ends the one that it replaces first.
  Witness& operator=(Witness&& other) noexcept;
  // Kills it, and waits for that.
  ~Witness();

  // All signals must be blocked, and there is one at a time. The witness also ends with `until`, a child of the caller's.
  // It is in the caller's process group for a moment, and what it has heard when this returns may have come to that. Where
  // the kernel refuses another process there is none.
  // It shares the caller's memory, so that it costs some 20 us, and has the caller's command line and environment.
  static Witness start(pid_t until);

  // The same, with a memory, and so a command line and an environment, of its own: neither `pkill -f` with the caller's
  // command line finds it, nor a search for one of the variables named here. Some 60 us, and what the caller writes to its
  // memory afterwards costs another 100 us or so.
  static Witness start_apart(pid_t until, const std::vector<std::string>& without_variables);

  // What it has got since it was started. Read from /proc.
  SignalSet heard() const;

  // Ends it without waiting for that.
  void kill();

  pid_t pid() const { return pid_; }  // -1: none

 private:
  explicit Witness(pid_t pid) : pid_(pid) {}

  pid_t pid_ = -1;
};

}  // namespace stepbox::sys
