#include "model/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

#include "base/text.hpp"

namespace stepbox {
namespace {

constexpr uint64_t kPage = 4096;

struct Scale {
  std::string_view suffix;
  uint64_t factor;
};

// Splits "512MiB" into 512 and "MiB". Fails unless `text` begins with digits; the error shows `whole`, which
// ends with `text`.
Result<std::pair<uint64_t, std::string_view>> leading_number(std::string_view text, std::string_view whole,
                                                             std::string_view expected) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range)
    return fail(quoted(whole) + " is too large");
  if (error != std::errc())
    return fail(quoted(whole) + " is not " + std::string(expected));
  return std::pair(number, text.substr(static_cast<size_t>(end - text.data())));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

Result<uint64_t> scaled(std::string_view text, uint64_t number, uint64_t factor) {
  if (number == 0) return fail(quoted(text) + " is zero");
  if (number > std::numeric_limits<int64_t>::max() / factor) return fail(quoted(text) + " is too large");
  return number * factor;
}

// "ms" before "m", which begins it.
constexpr Scale kDurations[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"ms", 1}, {"m", 60'000}, {"s", 1'000}};

constexpr std::string_view kSizeForm = "a size like 8GiB, 512M or 50%";
constexpr std::string_view kCountForm = "a count like 200000, 200k or 1M";
constexpr std::string_view kDurationForm = "a duration like 90s, 30m or 1h30m";

}  // namespace

uint64_t Size::bytes_of(uint64_t memory) const {
  // Divided first: memory * 100 may not fit where the memory is "unlimited".
  const uint64_t bytes = unit == Unit::bytes ? amount : memory / 100 * amount + memory % 100 * amount / 100;
  return bytes < kPage ? kPage : bytes / kPage * kPage;
}

std::string Size::text() const {
  return unit == Unit::percent ? std::to_string(amount) + "%" : human_bytes(amount);
}

std::string Size::spelling() const {
  if (unit == Unit::percent) return std::to_string(amount) + "%";
  static constexpr Scale kUnits[] = {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}};
  for (const Scale& scale : kUnits)
    if (amount % scale.factor == 0) return std::to_string(amount / scale.factor) + std::string(scale.suffix);
  return std::to_string(amount);
}

Result<Size> parse_size(std::string_view text) {
  static constexpr Scale kScales[] = {
      {"", 1},         {"b", 1},          {"k", 1ULL << 10}, {"kb", 1ULL << 10}, {"kib", 1ULL << 10},
      {"m", 1ULL << 20}, {"mb", 1ULL << 20}, {"mib", 1ULL << 20}, {"g", 1ULL << 30}, {"gb", 1ULL << 30},
      {"gib", 1ULL << 30}, {"t", 1ULL << 40}, {"tb", 1ULL << 40}, {"tib", 1ULL << 40},
  };
  TRY_ASSIGN(const auto parts, leading_number(text, text, kSizeForm));
  const auto& [number, suffix] = parts;
  if (suffix == "%") {
    if (number == 0) return fail(quoted(text) + " is zero");
    if (number > 100) return fail(quoted(text) + " is more than 100%");
    return Size{Size::Unit::percent, number};
  }
  const std::string unit = lower(suffix);
  for (const Scale& scale : kScales) {
    if (unit != scale.suffix) continue;
    TRY_ASSIGN(const uint64_t bytes, scaled(text, number, scale.factor));
    return Size{Size::Unit::bytes, bytes};
  }
  return fail(quoted(text) + " is not " + std::string(kSizeForm));
}

Result<uint64_t> parse_count(std::string_view text) {
  static constexpr Scale kScales[] = {{"", 1}, {"k", 1'000}, {"m", 1'000'000}, {"g", 1'000'000'000}};
  TRY_ASSIGN(const auto parts, leading_number(text, text, kCountForm));
  const std::string unit = lower(parts.second);
  for (const Scale& scale : kScales)
    if (unit == scale.suffix) return scaled(text, parts.first, scale.factor);
  return fail(quoted(text) + " is not " + std::string(kCountForm));
}

Result<uint64_t> parse_cores(std::string_view text) {
  constexpr std::string_view kForm = "a number of cores like 2 or 0.5";
  constexpr uint64_t kMost = 1'000'000;
  TRY_ASSIGN(const auto parts, leading_number(text, text, kForm));
  auto [cores, rest] = parts;
  if (cores > kMost) return fail(quoted(text) + " is too large");
  uint64_t thousandths = cores * 1'000;
  if (!rest.empty()) {
    const std::string_view digits = rest.substr(1);
    if (rest[0] != '.' || digits.empty() || digits.size() > 3) return fail(quoted(text) + " is not " + std::string(kForm));
    uint64_t place = 100;
    for (const char c : digits) {
      if (c < '0' || c > '9') return fail(quoted(text) + " is not " + std::string(kForm));
      thousandths += static_cast<uint64_t>(c - '0') * place;
      place /= 10;
    }
  }
  if (thousandths < 10) return fail(quoted(text) + " is less than a hundredth of a core");
  return thousandths;
}

std::string cores_text(uint64_t thousandths) {
  std::string text = std::to_string(thousandths / 1'000);
  if (thousandths % 1'000 == 0) return text;
  std::string digits = std::to_string(1'000 + thousandths % 1'000).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + "." + digits;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  uint64_t total = 0;
  uint64_t previous_factor = std::numeric_limits<uint64_t>::max();
  std::string_view rest = text;
  do {
    TRY_ASSIGN(const auto parts, leading_number(rest, text, kDurationForm));
    rest = parts.second;
    const Scale* found = nullptr;
    for (const Scale& scale : kDurations) {
      if (!rest.starts_with(scale.suffix)) continue;
      found = &scale;
      break;
    }
    // Units must fall ("1h30m"): "30m1h" and "5s5s" are slips, not durations.
    if (found == nullptr || found->factor >= previous_factor)
      return fail(quoted(text) + " is not " + std::string(kDurationForm));
    if (parts.first > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / 1000 / found->factor)
      return fail(quoted(text) + " is too large");
    total += parts.first * found->factor;
    previous_factor = found->factor;
    rest.remove_prefix(found->suffix.size());
  } while (!rest.empty());
  if (total == 0) return fail(quoted(text) + " is zero");
  return std::chrono::milliseconds(total);
}

std::string duration_text(std::chrono::milliseconds duration) {
  static constexpr Scale kParts[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
  auto rest = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0));
  std::string text;
  for (const Scale& part : kParts) {
    if (rest / part.factor > 0) (text += std::to_string(rest / part.factor)) += part.suffix;
    rest %= part.factor;
  }
  return text.empty() ? "0s" : text;
}

std::string human_bytes(uint64_t bytes) {
  static constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  // From here on the value would be rounded to 1024 of the smaller unit.
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> buffer{};
  const bool whole = value == static_cast<double>(static_cast<uint64_t>(value)) || value >= 100;
  std::snprintf(buffer.data(), buffer.size(), whole ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return buffer.data();
}

}  // namespace stepbox
