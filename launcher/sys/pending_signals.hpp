// Signals that were sent to a process and wait for delivery.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace stepbox::sys {

// A bit per signal, as in /proc/PID/status: signal N is bit N - 1.
using SignalSet = uint64_t;

constexpr bool has(SignalSet set, int signal) { return (set >> (signal - 1) & 1) != 0; }

// The pending signals of the process as a whole (ShdPnd in proc(5)); none if the process is gone or hidden from us.
// `processes` is open on a procfs that shows it, or AT_FDCWD for the one at /proc. Allocation-free.
SignalSet pending_signals(int processes, pid_t pid);

}  // namespace stepbox::sys
