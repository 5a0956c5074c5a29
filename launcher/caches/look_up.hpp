// Finds the entries of the registry that a user means by a word.
#pragma once

#include <string_view>
#include <vector>

#include "caches/registry.hpp"

namespace stepbox::caches {

struct Found {
  const Tool* tool = nullptr;          // called so, or the only one also called so
  std::vector<const Tool*> ecosystem;  // all tools of the ecosystem called so
};

// Ignores case. "npm", "GO", "golang", "mvn"; "python" is a tool and an ecosystem.
Found look_up(std::string_view word);

// Every word that look_up() knows.
std::vector<std::string_view> known_words();

}  // namespace stepbox::caches
