// Sizes, counts and durations as people write them. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stepbox {

// Bytes, or a share of the memory that this process may use (its cgroup included).
struct Size {
  enum class Unit : uint8_t { bytes, percent };
  Unit unit = Unit::bytes;
  uint64_t amount = 0;

  // In bytes; percentages are of `memory`. Rounded down to whole pages of 4096, since the kernel would
  // round a tmpfs size up (mm/shmem.c) and make the quota a little larger than asked.
  uint64_t bytes_of(uint64_t memory) const;
  std::string text() const;      // "1.5 GiB", for people
  std::string spelling() const;  // "1536MiB", "50%": as parse_size() reads it, exactly
  bool operator==(const Size&) const = default;
};

// "8GiB", "8G" (the same), "512MiB", "1048576", "50%". Units are powers of 1024: B, K, M, G, T with or
// without "iB" or "B", in either case. Zero, negative, empty, overflow, a fraction, more than 100 % and
// anything after the number are errors that show the text.
Result<Size> parse_size(std::string_view text);

// "200000", "200k", "1M": units of 1000, as inodes and processes are counted. Zero is an error.
Result<uint64_t> parse_count(std::string_view text);

// "2", "0.5", "1.25": a number of cores, in thousandths. Less than a hundredth is an error, since the kernel grants
// no smaller share.
Result<uint64_t> parse_cores(std::string_view text);
// The inverse: "0.5", "2".
std::string cores_text(uint64_t thousandths);

// "90s", "30m", "1h30m", "250ms", "2d". A number without a unit is an error, because it is ambiguous.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// As parse_duration() reads it: "1h30m", "90s" becomes "1m30s". Zero is "0s".
std::string duration_text(std::chrono::milliseconds duration);

// "1.5 GiB", "512 KiB", "17 B": for people, with at most one decimal.
std::string human_bytes(uint64_t bytes);

}  // namespace stepbox
