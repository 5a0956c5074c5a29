// Picks the user ids for the step of a root caller: a range of the host's ids that no other box uses.
//
// Boxes agree on ranges by locks in /run/stepbox/ids. Only root can open that file, so no user can take the ranges
// away, and boxes of all network and pid namespaces share it. The kernel releases a lock when its holder dies. One
// gap remains: containers that share the host's user namespace but have their own /run do not see each other's locks.
// Two of their boxes may get the same range, with a chance of one in 2,046 for each pair. Their mounts, processes and
// files still stay apart, but they share the kernel's limits per user.
#pragma once

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "sys/fd.hpp"

namespace stepbox::host {

// For a plan that is only shown: like claim_id_range(), but with an example range and without a lock.
void expect_id_range(HostFacts& facts);

// Sets facts.shift_base, or facts.no_shift_reason if this user namespace lacks such ids. This run owns the range
// while the returned descriptor is open; an ordinary user gets neither. Error: the ids exist but the range could not
// be reserved. That must not make the box weaker.
Result<sys::Fd> claim_id_range(HostFacts& facts);

}  // namespace stepbox::host
