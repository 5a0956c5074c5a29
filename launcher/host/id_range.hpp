// The user ids that root's step gets: a range of the host's that no other box has.
//
// Boxes agree on it by locks in /run/stepbox/ids, a file that root alone can open, so that no user can take the ranges away, and
// that boxes of all network and pid namespaces share. The kernel frees a lock when its holder dies. What remains: containers
// that share a user namespace with the host but have a /run of their own do not see each other's locks, and two of their boxes
// may get the same range, with a chance of one in 2,046 for each pair. Their mounts, processes and files stay apart all the same;
// they would share the kernel's limits per user.
#pragma once

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "sys/fd.hpp"

namespace stepbox::host {

// For a plan that is only shown: as claim_id_range(), with an example of a range, and nothing locked.
void expect_id_range(HostFacts& facts);

// Sets facts.shift_base, or no_shift_reason where this user namespace has no such ids. The range is this run's while the
// returned descriptor is open; for an ordinary user there is none. Error: the range cannot be had although the ids are there,
// which must not make the box weaker.
Result<sys::Fd> claim_id_range(HostFacts& facts);

}  // namespace stepbox::host
