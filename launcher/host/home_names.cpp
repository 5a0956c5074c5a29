#include "host/home_names.hpp"

#include <cerrno>

#include "host/pass_over.hpp"
#include "sys/files.hpp"

namespace stepbox::host {

HomeNames::HomeNames(const std::string& home) : prefix_(home + "/") {
  constexpr size_t kWorthIt = 200;
  if (home.empty()) return;
  if (auto names = sys::list_names(home, kWorthIt)) names_ = std::move(*names);
  // Nothing in another user's home can be reached. setpriv(1) and container images leave such a HOME behind.
  else if (auto inside = sys::kind_of(prefix_ + "."); !inside && inside.error().number == EACCES) close(home, inside.error());
}

bool HomeNames::has_no(std::string_view path) const {
  if (!names_ || !path.starts_with(prefix_)) return false;
  const std::string_view below = path.substr(prefix_.size());
  return !names_->contains(below.substr(0, below.find('/')));
}

void HomeNames::close(const std::string& home, const Error& error) {
  pass_over(home + "/*", error);
  names_.emplace();
}

}  // namespace stepbox::host
