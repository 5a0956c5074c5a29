#include "plan/links_out.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "plan/parts.hpp"

namespace stepbox::plan {

LinksOut::LinksOut(const HostFacts& facts, const std::string& source_path) {
  // Standing in /srv or a home does not make its links a project's.
  if (!facts.checkout.empty() && is_project(facts)) checkouts_.push_back(facts.checkout);
  if (!source_path.empty()) checkouts_.push_back(source_path);
}

bool LinksOut::is_in_checkout(std::string_view path) const {
  return std::ranges::any_of(checkouts_, [&](const std::string& checkout) { return is_within(path, checkout); });
}

bool LinksOut::lead_out(std::string_view path, const HostFacts::NamedPath& found) const {
  if (found.real == path || is_in_checkout(found.real)) return false;
  // A name outside may lead through the checkout: /opt/tools -> /srv/work/bin -> /etc.
  return is_in_checkout(lexically_normal(path)) ||
         std::ranges::any_of(found.links, [&](const HostFacts::PathLink& link) { return is_in_checkout(link.path); });
}

std::string LinksOut::text_of(const HostFacts::NamedPath& found) {
  return "a link in the checkout leads out of it to " + quoted(found.real);
}

}  // namespace stepbox::plan
