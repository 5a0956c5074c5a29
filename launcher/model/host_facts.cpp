#include "model/host_facts.hpp"

namespace stepbox {

const HostFacts::NamedPath* HostFacts::find_below_home(std::string_view path) const {
  const std::string_view rest = path.substr(1);
  const std::string& base = tilde();
  for (const auto& [named, found] : paths)
    if (named.size() == base.size() + rest.size() && named.ends_with(rest) && named.starts_with(base)) return &found;
  return nullptr;
}

std::optional<std::string> HostFacts::variable(std::string_view name) const {
  for (const std::string& entry : environment)
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return entry.substr(name.size() + 1);
  return std::nullopt;
}

}  // namespace stepbox
