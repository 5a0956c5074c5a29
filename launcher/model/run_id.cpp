#include "model/run_id.hpp"

#include <algorithm>
#include <string_view>

namespace stepbox {

std::string run_id(std::chrono::system_clock::time_point start, const RunEntropy& entropy) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr size_t kLength = 26;
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(start.time_since_epoch()).count();
  std::array<uint8_t, 16> bytes{};
  for (size_t i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(static_cast<uint64_t>(milliseconds) >> (8 * (5 - i)));
  std::ranges::copy(entropy, bytes.begin() + 6);
  // 128 bits are two fewer than 26 digits hold: the first digit has three.
  std::string id(kLength, '0');
  for (size_t digit = 0; digit < kLength; ++digit) {
    unsigned value = 0;
    for (size_t bit = 0; bit < 5; ++bit) {
      const size_t at = digit * 5 + bit;
      const bool is_set = at >= 2 && (bytes[(at - 2) / 8] >> (7 - (at - 2) % 8) & 1) != 0;
      value = value << 1 | (is_set ? 1U : 0U);
    }
    id[digit] = kDigits[value];
  }
  return id;
}

}  // namespace stepbox
