// What the generated file defines: the warm caches as constant tables. Only warm.cpp uses them.
#pragma once

#include <span>

#include "caches/warm.hpp"

namespace stepbox::caches::tables {

extern const std::span<const WarmCache> warm_caches;  // by name

}  // namespace stepbox::caches::tables
