#include "caches/warm.hpp"

#include <algorithm>
#include <string>

#include "caches/warm_tables.hpp"

namespace stepbox::caches {

std::span<const WarmCache> warm_caches() { return tables::warm_caches; }

const WarmCache* find_warm_cache(std::string_view name) {
  const auto found = std::ranges::find(warm_caches(), name, &WarmCache::name);
  return found == warm_caches().end() ? nullptr : &*found;
}

std::vector<WarmRule> rules_of(const WarmDirectory& directory) {
  const std::string below = std::string(directory.path) + "/";
  std::vector<WarmRule> rules;
  for (const WarmPattern& rule : directory.rules) rules.push_back({below + std::string(rule.pattern), rule.merge, directory.times});
  rules.push_back({below + "*", directory.merge, directory.times});
  return rules;
}

}  // namespace stepbox::caches
