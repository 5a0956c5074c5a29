// What a word in policies/caches/*.yaml may look like. Each check returns what is wrong with the word
// ("has an empty component"), or an empty view.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stepbox::caches::source {

// "go-build-cache"
std::string_view fault_of_tool_name(std::string_view word);

// "GOCACHE"
std::string_view fault_of_variable(std::string_view word);

// "cache/go-build": below /box, beginning with a volume.
std::string_view fault_of_workspace_path(std::string_view word);

// "~/.cache/go-build", "/tmp/jest_<hash>", "<prefix>/var/run/watchman"
std::string_view fault_of_host_path(std::string_view word);

// "~/.cache/go-build", "~": one place in the home, without a part that varies.
std::string_view fault_of_home_path(std::string_view word);

// "~/.npmrc", "$XDG_CONFIG_HOME/go/env", "~/.gradle/init.d/": below the home, or where the variable says.
std::string_view fault_of_settings_path(std::string_view word);

// "target/", ".ninja_log": below the checkout.
std::string_view fault_of_tree_name(std::string_view word);

// "0700" as a number; nothing if it is no mode of a directory.
std::optional<uint16_t> read_mode(std::string_view word);

}  // namespace stepbox::caches::source
