// An existing file in the home that holds a tool's settings (a registry address, a token).
#pragma once

#include <string>

namespace stepbox {

struct SettingsFile {
  std::string tool;       // a name of the registry
  std::string written;    // as the registry has it: "~/.npmrc", "$XDG_CONFIG_HOME/go/env"
  std::string path;          // on the host, absolute
  bool is_shown = false;     // the step saw it where the tool looks
};

}  // namespace stepbox
