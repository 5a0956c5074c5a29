// Init (or a subreaper) and step, from clone to their end. Nothing here allocates, logs or throws.
#pragma once

#include "sandbox/prepared.hpp"

namespace stepbox::sandbox {

// PID 1 of the box. `channel` is init's end; `terminal` the controlling terminal or -1.
[[noreturn]] void be_init(const Prepared& prepared, int channel, int terminal);

// Init's counterpart without a box: finds by parentage the processes that a pid namespace would hold together.
// `supervisor` is the process that cloned it.
[[noreturn]] void be_subreaper(const Prepared& prepared, int channel, int terminal, pid_t supervisor);

// The step, from clone to execve. It reads from `go` one byte when its ids are mapped, one with a descriptor of the
// box root when the volumes exist, and one when the box is complete. If it lowers limits of its user namespace, it
// writes one byte, which init waits for.
[[noreturn]] void be_step(const Prepared& prepared, int channel, int terminal, int go);

}  // namespace stepbox::sandbox
