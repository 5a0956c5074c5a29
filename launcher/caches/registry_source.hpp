// policies/caches/*.yaml as values, with every check that is possible at build time. Used by
// stepbox-compile-registry and the tests; not a part of stepbox itself.
//
// Errors read FILE:LINE:COLUMN: what.
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
  std::optional<std::vector<std::string>> defaults = {};  // nothing: the entry names none
  std::vector<std::string> yields_to = {};
};

struct Toolchain {
  Text path;
  Text variable = {};
  std::vector<std::string> without = {};
};

struct InTree {
  std::string name;
  std::vector<std::string> beside = {};
};

// One entry; the fields are those of caches::Tool.
struct Tool {
  Text name = {};
  std::string ecosystem = {};
  std::vector<Text> also = {};
  std::vector<Redirect> redirects = {};
  std::vector<Toolchain> toolchains = {};
  std::vector<Text> default_paths = {};
  std::vector<Text> settings = {};
  std::vector<InTree> in_tree = {};
  std::vector<std::string> programs = {};
  std::string note = {};
  std::string verified = {};
  // Many tools use the places of its redirects (XDG_CACHE_HOME): it does not own what lies there.
  bool shared = false;
};

// The entries of one file, each valid in itself. Errors call the file `place`.
Result<std::vector<Tool>> read(std::string_view yaml, std::string_view place, std::string_view ecosystem);

// Checks the entries of all files together: no duplicates, and no path with two owners.
Result<> check_together(std::span<const Tool> tools);

}  // namespace stepbox::caches::source
