// Turns the registry's paths into the table that owner_of() searches: which tool owns which path below /box.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "caches/registry_source.hpp"

namespace stepbox::caches::source {

struct OwnerPattern {
  std::string pattern;  // "cache/go-build", "run/user/*/gnupg"
  size_t tool;          // index into the tools it was made from
};

// The most specific pattern first, so that the first match is the right one.
std::vector<OwnerPattern> owner_patterns(std::span<const Tool> tools);

}  // namespace stepbox::caches::source
