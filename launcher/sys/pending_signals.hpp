// Signals that a process has got and has not taken.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace stepbox::sys {

// A bit per signal, as in /proc/PID/status: signal N is bit N - 1.
using SignalSet = uint64_t;

constexpr bool has(SignalSet set, int signal) { return (set >> (signal - 1) & 1) != 0; }

// Those sent to the process as a whole that wait there (ShdPnd in proc(5)); none when it is gone or hidden from us.
// `processes` is open on a /proc that shows it, or AT_FDCWD for the one at /proc. Allocation-free.
SignalSet pending_signals(int processes, pid_t pid);

}  // namespace stepbox::sys
