// How the workspace and the volumes with limits of their own divide what a policy grants. Pure.
//
// A number that a policy or option sets stands. The workspace's default covers all of them together: the volumes' own
// numbers are subtracted from it, and the rest is divided evenly among the workspace and the volumes without a number.
// At least a quarter of the default is divided, so that a large volume cannot leave the workspace without room.
// If the workspace's number was set, a volume without one may hold as much as the workspace.
#pragma once

#include <cstdint>
#include <vector>

#include "model/policy.hpp"

namespace stepbox {

struct Share {
  uint64_t amount;
  const Origin* origin;  // of the number, into the policy
};

// The workspace's share comes first, then one for each of policy.volumes, in their order. Percentages are of `memory`.
std::vector<Share> byte_shares(const Policy& policy, uint64_t memory);
std::vector<Share> inode_shares(const Policy& policy);

// Whether the number is a built-in default.
inline bool is_default(const Origin& origin) { return origin.layer == Layer::built_in; }

}  // namespace stepbox
