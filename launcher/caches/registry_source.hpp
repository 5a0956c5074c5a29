// policies/caches/*.yaml as values, with every check that can be made before the program exists. Used
// by stepbox-compile-registry and the tests; no part of stepbox itself.
//
// Errors are of the form FILE:LINE:COLUMN: what.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "caches/registry.hpp"

namespace stepbox::caches::source {

// A text with the place it was read from, "policies/caches/go.yaml:3:11".
struct Text {
  std::string text = {};
  std::string place = {};
};

struct Redirect {
  Text variable;
  std::string value = {};
  Create create = Create::directory;
  uint16_t mode = 0755;
  When when = When::always;
  bool any_case = false;
  std::optional<std::vector<std::string>> defaults = {};  // nothing: not said
  std::vector<std::string> yields_to = {};
};

struct Toolchain {
  Text path;
  Text variable = {};
  std::vector<std::string> without = {};
};

// One entry; the fields are those of caches::Tool.
struct Tool {
  Text name = {};
  std::string ecosystem = {};
  std::vector<Redirect> redirects = {};
  std::vector<Toolchain> toolchains = {};
  std::vector<Text> default_paths = {};
  std::vector<Text> settings = {};
  std::vector<std::string> in_tree = {};
  std::vector<std::string> programs = {};
  std::string note = {};
  std::string verified = {};
  // Its redirects are places that many tools use (XDG_CACHE_HOME): what lies there is not its own.
  bool shared = false;
};

// The entries of one file, each right in itself. `place` is what errors call the file.
Result<std::vector<Tool>> read(std::string_view yaml, std::string_view place, std::string_view ecosystem);

// Whether the entries of all files go together: nothing said twice, no path with two owners.
Result<> check_together(std::span<const Tool> tools);

}  // namespace stepbox::caches::source
