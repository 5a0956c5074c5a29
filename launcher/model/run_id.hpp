// The name of a run: a ULID (github.com/ulid/spec), which sorts by the time of its start and is never given twice. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace stepbox {

// What makes two runs of one millisecond differ.
using RunEntropy = std::array<uint8_t, 10>;

// 26 characters of Crockford's base 32: 48 bits of milliseconds since 1970, then the entropy.
std::string run_id(std::chrono::system_clock::time_point start, const RunEntropy& entropy);

}  // namespace stepbox
