// How soon this thread gets a processor that others are using.
#pragma once

namespace stepbox::sys {

// Asks the scheduler for short turns in exchange for early ones: who wakes up and needs a few microseconds does not
// wait for the milliseconds of a compiler (EEVDF, Linux 6.12 and later; without effect on older ones). The share of
// the processor stays as it is. Children of later clones would have it too. Refused or unknown: nothing changes.
void ask_for_short_time_slices();

}  // namespace stepbox::sys
