// Warm caches as values: a named set of tool caches that is kept between runs. A generation is one immutable state of
// it; a step reads through the newest one and never writes it. The warm store (warm/store.hpp) holds the generations.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stepbox {

// What becomes of a path when a generation is saved, and above all when another run has saved one since this run
// started. In that case a path that only one of the two runs changed is taken from that run.
enum class WarmMerge : uint8_t {
  unite,      // files named by their content or version: those of both runs are kept, none is removed
  newest,     // pointers to content: where both runs changed one, that of the run that saves later
  whole,      // databases: if both runs changed paths of one rule, all of that rule come from the run that saves later
  exclusive,  // cannot be united: if both runs changed such paths, the later save is discarded
  drop,       // bookkeeping that must not be kept; a directory goes with everything in it
};

struct WarmMergeRow {
  WarmMerge merge;
  std::string_view word;
};
inline constexpr WarmMergeRow kWarmMerges[] = {
    {WarmMerge::unite, "unite"},
    {WarmMerge::newest, "newest"},
    {WarmMerge::whole, "whole"},
    {WarmMerge::exclusive, "exclusive"},
    {WarmMerge::drop, "drop"},
};

// Which time of change the files of a generation have.
enum class WarmTimes : uint8_t {
  kept,     // as the step left them
  distant,  // 1 January 2099: for tools that touch files whose time lies in the past (go build)
};

// The rule for a path is the first one whose pattern matches it. A path without a rule is `exclusive` and `kept`.
struct WarmRule {
  std::string pattern;  // * and ? as of matches_pattern(), for the path in the generation: "cache/go-build/trim.txt"
  WarmMerge merge = WarmMerge::exclusive;
  WarmTimes times = WarmTimes::kept;
  bool operator==(const WarmRule&) const = default;
};

// How much of a warm cache is kept. Nothing set: without a bound.
struct WarmBounds {
  std::optional<uint64_t> max_bytes;      // of all its generations; what they share counts once
  uint64_t keep = 3;                      // generations, the newest included; at least 1
  std::optional<uint64_t> refresh_bytes;  // a generation larger than this ...
  std::optional<std::chrono::milliseconds> refresh_age;  // ... or whose line began longer ago is not built upon
  bool operator==(const WarmBounds&) const = default;
};

// The run that saved a generation. Each may be empty.
struct WarmOrigin {
  std::string run;  // the run's id
  std::string host;
  std::string checkout;  // its path
  std::string commit;
  bool operator==(const WarmOrigin&) const = default;
};

// What is known of a generation without reading its list of files.
struct WarmGeneration {
  std::string name;    // of the warm cache
  std::string id;      // "000042-9f86d081884c": ids of one name sort by age
  std::string digest;  // SHA-256 over path, type, mode, size and content of all that it holds, in hex
  std::string key;     // the label that it was saved with; empty: none
  uint64_t bytes = 0;  // of its files
  uint64_t files = 0;  // entries that are no directories
  std::chrono::sys_seconds saved{};
  // A line is a generation that was saved from an empty cache, and all that were built upon it.
  std::string line;                  // the id of its first one
  std::chrono::sys_seconds began{};  // when that was saved
  bool operator==(const WarmGeneration&) const = default;
};

// Whether the next save should start from an empty cache: such a run gets no lower layer. A clock that was put back
// makes nothing due.
inline bool is_refresh_due(const WarmGeneration& generation, const WarmBounds& bounds, std::chrono::sys_seconds now) {
  if (bounds.refresh_bytes && generation.bytes > *bounds.refresh_bytes) return true;
  return bounds.refresh_age && now - generation.began > *bounds.refresh_age;
}

}  // namespace stepbox
