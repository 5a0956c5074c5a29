#include "caches/owner_patterns.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>

#include "base/text.hpp"

namespace stepbox::caches::source {
namespace {

// Host paths that the box replaces with a part of the workspace.
struct Mask {
  std::string_view host;
  std::string_view workspace;
};
constexpr Mask kMasks[] = {
    {"~/", "home/"}, {"/tmp/", "tmp/"}, {"/var/tmp/", "var-tmp/"}, {"/dev/shm/", "shm/"}, {"/run/", "run/"},
};

// If a tool obeys the variable, its default below one of these moves below the variable's redirect.
struct Moved {
  std::string_view host;
  std::string_view variable;
};
constexpr Moved kMoved[] = {
    {"~/.cache/", "XDG_CACHE_HOME"},
    {"~/.local/state/", "XDG_STATE_HOME"},
    {"/run/user/<uid>/", "XDG_RUNTIME_DIR"},
};

// "pytest-of-<user>" and "user/{uid}" as patterns: whatever stands in brackets becomes "*".
std::string with_wildcards(std::string_view path) {
  std::string pattern;
  char closing = 0;
  for (const char c : path) {
    if (closing != 0) {
      if (c == closing) closing = 0;
    } else if (c == '<' || c == '{') {
      closing = c == '<' ? '>' : '}';
      pattern += '*';
    } else {
      pattern += c;
    }
  }
  return pattern;
}

std::string_view redirect_of(std::span<const Tool> tools, std::string_view variable) {
  for (const Tool& tool : tools)
    for (const Redirect& redirect : tool.redirects)
      if (redirect.variable.text == variable) return redirect.value;
  return {};
}

bool is_shared(std::span<const Tool> tools, std::string_view path) {
  // A whole volume is never one tool's.
  if (!path.contains('/')) return true;
  return std::ranges::any_of(tools, [path](const Tool& tool) {
    return tool.shared && std::ranges::count(tool.redirects, path, &Redirect::value) > 0;
  });
}

std::vector<std::string> places_of_default(std::span<const Tool> tools, std::string_view path) {
  std::vector<std::string> places;
  for (const auto& [host, workspace] : kMasks)
    if (path.starts_with(host)) places.push_back(std::string(workspace).append(path.substr(host.size())));
  for (const auto& [host, variable] : kMoved) {
    const std::string_view target = redirect_of(tools, variable);
    if (path.starts_with(host) && !target.empty())
      places.push_back(std::string(target).append("/").append(path.substr(host.size())));
  }
  return places;
}

}  // namespace

std::vector<OwnerPattern> owner_patterns(std::span<const Tool> tools) {
  std::vector<OwnerPattern> patterns;
  for (size_t i = 0; i < tools.size(); ++i) {
    std::vector<std::string> places;
    for (const Redirect& redirect : tools[i].redirects)
      if (redirect.create != Create::none && !is_shared(tools, redirect.value)) places.push_back(redirect.value);
    for (const Text& path : tools[i].default_paths) {
      if (!tools[i].shared) std::ranges::move(places_of_default(tools, path.text), std::back_inserter(places));
    }
    for (const std::string& place : places) patterns.push_back({with_wildcards(place), i});
  }
  const auto rank = [](const OwnerPattern& p) {
    const auto depth = std::ranges::count(p.pattern, '/');
    const auto literal = static_cast<ptrdiff_t>(p.pattern.size()) - std::ranges::count(p.pattern, '*');
    return std::tuple(-depth, -literal, std::string_view(p.pattern));
  };
  std::ranges::sort(patterns, {}, rank);
  const auto repeated = std::ranges::unique(patterns, {}, &OwnerPattern::pattern);
  patterns.erase(repeated.begin(), repeated.end());
  return patterns;
}

}  // namespace stepbox::caches::source
