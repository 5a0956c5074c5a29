#include "model/host_facts.hpp"

namespace stepbox {

std::optional<std::string> HostFacts::variable(std::string_view name) const {
  for (const std::string& entry : environment)
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return entry.substr(name.size() + 1);
  return std::nullopt;
}

}  // namespace stepbox
