#include "host/look_at.hpp"

#include <sys/stat.h>

#include "sys/files.hpp"
#include "sys/path_links.hpp"

namespace stepbox::host {

Result<std::optional<HostFacts::NamedPath>> look_at(const std::string& path) {
  TRY_ASSIGN(const sys::PathKind kind, sys::kind_of(path));
  if (kind == sys::PathKind::missing) return std::nullopt;
  TRY_ASSIGN(const std::optional<std::string> real, sys::real_path(path));
  if (!real) return std::nullopt;
  HostFacts::NamedPath found{.real = *real, .kind = kind == sys::PathKind::directory ? HostPathKind::directory : HostPathKind::file};
  if (kind == sys::PathKind::other) {
    TRY_ASSIGN(const auto status, sys::status_of(*real, sys::Links::themselves));
    found.is_socket = status && S_ISSOCK(status->st_mode);
  }
  if (found.real == path) return found;
  TRY_ASSIGN(const auto links, sys::links_on_the_way(path));
  for (const sys::PathLink& link : links) found.links.push_back({link.path, link.text});
  return found;
}

}  // namespace stepbox::host
