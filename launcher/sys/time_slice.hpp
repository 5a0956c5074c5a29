// How soon this thread gets a processor that others are using.
#pragma once

namespace stepbox::sys {

// Asks the scheduler for short turns in exchange for early ones: a thread that wakes up for a few microseconds then
// does not wait out a compiler's milliseconds (EEVDF, Linux 6.12 and later; no effect on older ones). The thread's
// share of the processor stays the same. Children cloned later inherit the setting. If the kernel refuses it, nothing
// changes.
void ask_for_short_time_slices();

}  // namespace stepbox::sys
