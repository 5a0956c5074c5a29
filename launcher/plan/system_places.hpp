// Directories that are no project by mere presence: those of the system (Filesystem Hierarchy Standard 3.0, hier(7)), and
// homes. A build that is started there by mistake would write to the host. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/host_facts.hpp"

namespace stepbox::plan {

enum class PlaceKind : uint8_t {
  project,       // may be one: /srv/app, /workspace, /tmp/build, anything below a home
  system,        // a directory of the system itself: /, /etc, /opt, /tmp
  below_system,  // where nothing but the system lives: below /etc, /usr, /var/lib
  home           // the caller's, or one in /home
};

struct SystemPlace {
  PlaceKind kind = PlaceKind::project;
  std::string_view system = {};  // below_system: of which directory, "/var/lib"; a view of a literal
};

// `path` is absolute, without links and normal.
SystemPlace system_place_of(std::string_view path, const HostFacts& facts);

}  // namespace stepbox::plan
