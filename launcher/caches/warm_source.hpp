// policies/warm/*.yaml as values, with every check that is possible at build time, and as the C++ tables that are
// compiled in. Used by stepbox-compile-registry and the tests; not a part of stepbox itself.
//
// Errors read FILE:LINE:COLUMN: what.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "caches/registry_source.hpp"
#include "caches/warm.hpp"

namespace stepbox::caches::source {

struct WarmPattern {
  Text pattern;
  WarmMerge merge = WarmMerge::unite;
};

struct WarmDirectory {
  Text path = {};
  WarmWhen when = WarmWhen::always;
  WarmMerge merge = WarmMerge::unite;
  WarmTimes times = WarmTimes::kept;
  std::vector<WarmPattern> rules = {};  // those that drop come first
  std::vector<std::pair<Text, std::string>> start = {};
};

struct WarmVariable {
  Text name;
  std::string value = {};
  WarmWhen when = WarmWhen::always;
};

// One file; the fields are those of caches::WarmCache.
struct WarmCache {
  std::string name = {};
  std::string summary = {};
  std::vector<WarmDirectory> directories = {};
  std::vector<WarmVariable> environment = {};
  std::string verified = {};
  std::string note = {};
};

// The warm cache of one file, valid in itself. Errors call the file `place`.
Result<WarmCache> read_warm(std::string_view yaml, std::string_view place, std::string_view name);

// Checks the warm caches together and against the registry: no directory is covered twice, and every covered directory
// is one that a tool of the registry, or a variable of the warm cache, leads to.
Result<> check_warm(std::span<const WarmCache> caches, std::span<const Tool> tools);

// A C++ file that defines what warm_tables.hpp declares.
std::string warm_cpp_tables(std::span<const WarmCache> caches);

}  // namespace stepbox::caches::source
