// How the workspace and the volumes with limits of their own divide what a policy grants. Pure.
//
// A number that somebody chose stands. The workspace's default is meant for all of them together: the volumes' own
// numbers come out of it, and what is left is divided evenly among the workspace and the volumes that leave the number
// open. At least a quarter of the default is divided, so that a large volume does not leave a workspace without room.
// A volume that leaves open what was chosen for the workspace may hold as much as the workspace.
#pragma once

#include <cstdint>
#include <vector>

#include "model/policy.hpp"

namespace stepbox {

struct Share {
  uint64_t amount;
  const Origin* origin;  // of the number, into the policy
};

// The workspace's comes first, then one for each of policy.volumes, in their order. `memory` is what a percentage is of.
std::vector<Share> byte_shares(const Policy& policy, uint64_t memory);
std::vector<Share> inode_shares(const Policy& policy);

// Whether nobody chose the number.
inline bool is_default(const Origin& origin) { return origin.layer == Layer::built_in; }

}  // namespace stepbox
