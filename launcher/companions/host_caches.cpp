#include "companions/host_caches.hpp"

#include "base/text.hpp"
#include "caches/registry.hpp"

namespace stepbox::companions {
namespace {

constexpr std::string_view kBoxHome = "home/";

// The redirect whose directory is the covered one, or leads to it.
const caches::Redirect* redirect_to(std::string_view directory) {
  const caches::Redirect* best = nullptr;
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Redirect& redirect : tool.redirects)
      if (redirect.create != caches::Create::none && is_within("/" + std::string(directory), "/" + std::string(redirect.value)) &&
          (best == nullptr || redirect.value.size() > best->value.size()))
        best = &redirect;
  return best;
}

}  // namespace

std::vector<std::string> host_places(std::string_view directory, const std::string& home,
                                     const std::function<std::string(const char*)>& variable) {
  if (directory.starts_with(kBoxHome)) return {home + "/" + std::string(directory.substr(kBoxHome.size()))};
  std::vector<std::string> places;
  const caches::Redirect* redirect = redirect_to(directory);
  if (redirect == nullptr) return places;
  const std::string below(directory.substr(redirect->value.size()));
  const std::string set = variable(std::string(redirect->variable).c_str());
  if (set.starts_with('/')) places.push_back(set + below);
  for (const std::string_view standard : redirect->defaults)
    if (standard.starts_with("~/")) places.push_back(home + std::string(standard.substr(1)) + below);
  return places;
}

}  // namespace stepbox::companions
