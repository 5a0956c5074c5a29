#include "run/overlay_options.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace stepbox::run {

std::string_view missing_option(std::string_view listed, const std::function<bool(std::string_view)>& is_default) {
  const std::vector<std::string_view> options = split(listed, ',');
  const auto has = [&](std::string_view option, std::string_view value) {
    return std::ranges::find(options, std::string(option) + "=" + std::string(value)) != options.end();
  };
  for (const std::string_view option : {"metacopy", "index"})
    if (!has(option, "on") && (has(option, "off") || !is_default(option))) return option;
  return {};
}

}  // namespace stepbox::run
