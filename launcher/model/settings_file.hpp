// A file of the home that holds settings of a tool (a registry address, a token), and exists.
#pragma once

#include <string>
#include <string_view>

namespace stepbox {

struct SettingsFile {
  std::string_view tool;     // into the registry, which lives for ever
  std::string_view written;  // likewise: "~/.npmrc", "$XDG_CONFIG_HOME/go/env"
  std::string path;          // on the host, absolute
  bool is_shown = false;     // the step saw it where the tool looks
};

}  // namespace stepbox
