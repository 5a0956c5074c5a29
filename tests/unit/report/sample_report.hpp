// Reports that the tests of this room share.
#pragma once

#include "model/report.hpp"

namespace stepbox::test {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr uint64_t kGiB = uint64_t{1} << 30;

inline VolumeUsage volume(std::string name, std::string path, uint64_t limit) {
  return VolumeUsage{.name = std::move(name), .path = std::move(path), .limit_bytes = limit, .limit_inodes = 1'000'000};
}

// A step that exited with `code`, in a box of two volumes, with nothing to say about either.
inline Report plain_report(Outcome outcome) {
  Report report;
  report.argv = {"go", "build", "./..."};
  report.outcome = outcome;
  report.exit_code = exit_code_of(outcome);
  report.volumes = {volume("workspace", "/box", 8 * kGiB), volume("cache", "/box/cache", 4 * kGiB)};
  return report;
}

// The same with the cache full, as a Go build leaves it.
inline Report full_cache_report(Outcome outcome) {
  Report report = plain_report(outcome);
  report.volumes[1].bytes_full = true;
  report.caches = {{"go-build", "/box/cache/go-build", 3686 * kMiB, 41'000},
                   {"unknown", "/box/home/.wasmtime", 300 * kMiB, 12}};
  return report;
}

}  // namespace stepbox::test
