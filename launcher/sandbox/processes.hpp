// Init (or a subreaper) and step: what the two processes do between clone and the end. Nothing here
// allocates, logs or throws.
#pragma once

#include "sandbox/prepared.hpp"

namespace stepbox::sandbox {

// PID 1 of the box. `channel` is init's end; `terminal` the controlling terminal or -1.
[[noreturn]] void be_init(const Prepared& prepared, int channel, int terminal);

// The same where there is no box: finds by parentage what a pid namespace would hold together. `supervisor` is who cloned
// it.
[[noreturn]] void be_subreaper(const Prepared& prepared, int channel, int terminal, pid_t supervisor);

// The step, from clone to execve. `go` is read for one byte when the ids are mapped, for one with a descriptor of
// the box root when the volumes are there, and for one when the box is made. The step writes one where it lowers
// limits of its user namespace, which init waits for.
[[noreturn]] void be_step(const Prepared& prepared, int channel, int terminal, int go);

}  // namespace stepbox::sandbox
