#include "caches/registry.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "caches/registry_tables.hpp"

namespace stepbox::caches {
namespace {

std::string_view take_component(std::string_view& path) {
  const std::string_view component = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), component.size() + 1));
  return component;
}

// Whether `path` matches `pattern`, or lies below a path that does.
bool is_covered(std::string_view path, std::string_view pattern) {
  // Attribution looks up many paths, and nearly all patterns fail here at their first differing byte.
  if (!path.starts_with(pattern.substr(0, pattern.find('*')))) return false;
  while (!pattern.empty()) {
    if (path.empty() || !matches_pattern(take_component(pattern), take_component(path))) return false;
  }
  return true;
}

}  // namespace

std::span<const Tool> tools() {
  return tables::tools;
}

const Tool* owner_of(std::string_view path) {
  for (const tables::Owner& owner : tables::owners) {
    if (is_covered(path, owner.pattern)) return &tables::tools[owner.tool];
  }
  return nullptr;
}

}  // namespace stepbox::caches
