// The caller's warm store in the box. Steps may neither read generations that were not offered to them, nor change any;
// what a step may read of a generation, it reads through the overlay of a warm cache. Pure.
#pragma once

#include <cstdint>

#include "model/host_facts.hpp"
#include "model/policy.hpp"

namespace stepbox::plan {

enum class StoreInBox : uint8_t {
  absent,     // there is none
  hidden,     // an empty directory in its place
  read_only,  // a rule names something in it, which could not be mounted into an empty directory
  as_named    // a rule names the store itself
};

// Only an operator can write such rules: a project policy may not show paths.
StoreInBox store_in_box(const Policy& policy, const HostFacts& facts);

}  // namespace stepbox::plan
