// What the generated file defines: the registry as constant tables. Only registry.cpp uses them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "caches/registry.hpp"

namespace stepbox::caches::tables {

// A path below /box, where "*" stands for any part of one component, and the tool that owns it.
struct Owner {
  std::string_view pattern;
  uint16_t tool;  // index into tools
};

extern const std::span<const Tool> tools;
extern const std::span<const Owner> owners;  // the most specific pattern first

}  // namespace stepbox::caches::tables
