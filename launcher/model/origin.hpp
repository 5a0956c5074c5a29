// Where a decided value came from, so that explain and every error can name it.
#pragma once

#include <cstdint>
#include <string>

namespace stepbox {

// The layers of configuration, weakest first. A later one overrides an earlier one.
enum class Layer : uint8_t { built_in, site, user, project, named, environment, command_line };

// "site policy", "command line", ...
const char* name_of(Layer layer);

struct Origin {
  Layer layer = Layer::built_in;
  // A file's path, a built-in policy's name, an option ("--size") or a variable ("STEPBOX_SIZE").
  std::string place = {};
  // 1-based; 0 where there is no line (options, variables).
  int line = 0;
  int column = 0;

  // "ci.yaml:3:9", "--size", "STEPBOX_SIZE", "default:12 (built in)".
  std::string text() const;
  // Whether a policy, a variable or an option set the value. False for the built-in default.
  bool is_choice() const { return layer != Layer::built_in || !(place.empty() || place == "default"); }
};

template <class T>
struct Sourced {
  T value{};
  Origin origin{};
};

}  // namespace stepbox
