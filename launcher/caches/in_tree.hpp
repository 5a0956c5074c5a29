// Finds the caches that tools keep in a checkout.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "caches/registry.hpp"

namespace stepbox::caches {

struct InTreePlace {
  const Tool* tool;
  std::string_view name;  // of the registry: "node_modules/.cache/"
  size_t levels;          // its components
};

// The cache that begins at this path, not one that the path lies in. `path` is relative to the checkout; only its end
// counts, and of several names the one with the most components. `has_beside` tells whether the directory that the entry
// is in has another entry of that name.
std::optional<InTreePlace> in_tree_place(std::string_view path, bool is_directory,
                                         const std::function<bool(const char* name)>& has_beside);

}  // namespace stepbox::caches
