// The warm caches that stepbox knows: which directories of the workspace each covers, what a save may do with their
// files, and what makes a tool leave its cache alone on a hit. Data, compiled into the binary from policies/warm/*.yaml;
// policies/warm/README.md describes the format of the files and the meaning of each field.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/warm.hpp"

namespace stepbox::caches {

// Where a directory or variable applies.
enum class WarmWhen : uint8_t {
  always,
  plain,    // where an overlay copies a whole file when a step touches it: an ordinary user's
  metacopy  // where it does not
};

// A file that stepbox writes into the directory before the step.
struct WarmStart {
  std::string_view name;
  std::string_view text;  // "{now}" stands for the time, in seconds since the epoch
};

// As WarmRule of model/warm.hpp, with a pattern relative to the directory.
struct WarmPattern {
  std::string_view pattern;
  WarmMerge merge;
};

struct WarmDirectory {
  std::string_view path;  // below the workspace: "cache/go-build"
  WarmWhen when;
  WarmMerge merge;        // of the files that no rule matches
  WarmTimes times;
  std::span<const WarmPattern> rules;  // the first match counts; those that drop come first
  std::span<const WarmStart> start;
};

struct WarmVariable {
  std::string_view name;
  std::string_view value;  // "{box}" stands for the workspace
  WarmWhen when;
};

struct WarmCache {
  std::string_view name;  // "go"
  std::string_view summary;
  std::span<const WarmDirectory> directories;
  std::span<const WarmVariable> environment;
  std::string_view verified;
  std::string_view note;
};

// By name.
std::span<const WarmCache> warm_caches();

// Null if there is none of this name.
const WarmCache* find_warm_cache(std::string_view name);

// The rules of a save for the directory, with the directory's path before each pattern; the last one is for all files
// that no other rule matches.
std::vector<WarmRule> rules_of(const WarmDirectory& directory);

}  // namespace stepbox::caches
