// Directories that do not become a project just because the caller stands in them: system directories (Filesystem
// Hierarchy Standard 3.0, hier(7)) and homes. A build started there by mistake would write to the host. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/host_facts.hpp"

namespace stepbox::plan {

enum class PlaceKind : uint8_t {
  project,       // may be a project: /srv/app, /workspace, /tmp/build, anything below a home
  system,        // a directory of the system itself: /, /etc, /opt, /tmp
  below_system,  // inside a tree that is the system's alone: /etc, /usr, /var/lib
  home           // the caller's, or one in /home
};

struct SystemPlace {
  PlaceKind kind = PlaceKind::project;
  std::string_view system = {};  // below_system: the tree, "/var/lib"; a view of a literal
};

// `path` is absolute, without links and normal.
SystemPlace system_place_of(std::string_view path, const HostFacts& facts);

}  // namespace stepbox::plan
