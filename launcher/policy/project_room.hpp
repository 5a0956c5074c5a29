// Takes the volumes of a project policy out of the workspace that a layer above the project set.
//
// An operator who says --size 8GiB means all that the step may hold, and knows no volume of the project. So the
// workspace gives the project's volumes their room, as the built-in default does (model/volume_shares.hpp), as long as
// a quarter of it is left.
#pragma once

#include <cstdint>

#include "model/policy.hpp"

namespace stepbox::policy {

// `without` is the same policy without the project. Percentages are of `memory`; if it is 0, bytes stay as they are.
void make_room_for_project(Policy& policy, const Policy& without, uint64_t memory);

}  // namespace stepbox::policy
