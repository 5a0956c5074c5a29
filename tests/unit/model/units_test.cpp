#include "model/units.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace stepbox;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;
constexpr uint64_t kGiB = 1024 * kMiB;

uint64_t bytes(const char* text) {
  INFO(text);
  const Result<Size> size = parse_size(text);
  REQUIRE(size);
  REQUIRE(size->unit == Size::Unit::bytes);
  return size->amount;
}

template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}

std::string size_error(std::string_view text) { return error_of(parse_size(text)); }
std::string count_error(std::string_view text) { return error_of(parse_count(text)); }
std::string duration_error(std::string_view text) { return error_of(parse_duration(text)); }

}  // namespace

TEST_CASE("sizes are powers of 1024, with or without iB, in either case", "[model]") {
  CHECK(bytes("1048576") == kMiB);
  CHECK(bytes("17B") == 17);
  CHECK(bytes("8K") == 8 * kKiB);
  CHECK(bytes("8kib") == 8 * kKiB);
  CHECK(bytes("512M") == 512 * kMiB);
  CHECK(bytes("512MB") == 512 * kMiB);
  CHECK(bytes("512MiB") == 512 * kMiB);
  CHECK(bytes("8GiB") == 8 * kGiB);
  CHECK(bytes("8g") == 8 * kGiB);
  CHECK(bytes("2T") == 2048 * kGiB);
}

TEST_CASE("a size may be a share of the memory", "[model]") {
  CHECK(parse_size("50%").value() == Size{Size::Unit::percent, 50});
  CHECK(parse_size("1%").value() == Size{Size::Unit::percent, 1});
  CHECK(parse_size("100%").value() == Size{Size::Unit::percent, 100});
}

TEST_CASE("what is no size is told with the text", "[model]") {
  CHECK(size_error("") == "'' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("GiB") == "'GiB' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("-1G") == "'-1G' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("+1G") == "'+1G' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error(" 1G") == "' 1G' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("1 G") == "'1 G' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("1.5G") == "'1.5G' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("8GiBs") == "'8GiBs' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("8G\n") == "'8G\\n' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("0x10") == "'0x10' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("50%%") == "'50%%' is not a size like 8GiB, 512M or 50%");
  CHECK(size_error("1E") == "'1E' is not a size like 8GiB, 512M or 50%");
}

TEST_CASE("a size of nothing is refused", "[model]") {
  CHECK(size_error("0") == "'0' is zero");
  CHECK(size_error("0GiB") == "'0GiB' is zero");
  CHECK(size_error("0%") == "'0%' is zero");
}

TEST_CASE("more than all memory is refused", "[model]") {
  CHECK(size_error("101%") == "'101%' is more than 100%");
}

TEST_CASE("sizes that do not fit are refused, the largest that fits is taken", "[model]") {
  CHECK(size_error("18446744073709551616") == "'18446744073709551616' is too large");
  CHECK(size_error("9223372036854775808") == "'9223372036854775808' is too large");
  CHECK(size_error("8388608T") == "'8388608T' is too large");
  CHECK(size_error("18014398509481984K") == "'18014398509481984K' is too large");
  CHECK(bytes("9223372036854775807") == static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  CHECK(bytes("8388607T") == uint64_t{8388607} * 1024 * kGiB);
}

TEST_CASE("a quota is whole pages, never more than asked", "[model]") {
  const auto resolved = [](uint64_t amount) { return Size{Size::Unit::bytes, amount}.bytes_of(0); };
  CHECK(resolved(4096) == 4096);
  CHECK(resolved(8191) == 4096);
  CHECK(resolved(8192) == 8192);
  CHECK(resolved(kMiB + 1) == kMiB);
}

TEST_CASE("a quota is one page at least: tmpfs takes 0 for unlimited", "[model]") {
  CHECK(Size{Size::Unit::bytes, 1}.bytes_of(0) == 4096);
  CHECK(Size{Size::Unit::percent, 1}.bytes_of(1000) == 4096);
}

TEST_CASE("a percentage is of the memory given, in whole pages", "[model]") {
  const Size half{Size::Unit::percent, 50};
  CHECK(half.bytes_of(100 * 4096) == 50 * 4096);
  const uint64_t of_a_gibibyte = half.bytes_of(kGiB);
  CHECK(of_a_gibibyte % 4096 == 0);
  CHECK(of_a_gibibyte <= kGiB / 2);
  CHECK(of_a_gibibyte > kGiB / 2 - 2 * 4096);
}

TEST_CASE("a percentage of unlimited memory does not overflow", "[model]") {
  const uint64_t unlimited = std::numeric_limits<uint64_t>::max();
  CHECK(Size{Size::Unit::percent, 100}.bytes_of(unlimited) > unlimited / 100 * 99);
}

TEST_CASE("a duration prints as it would be written", "[model]") {
  for (const char* text : {"1ms", "999ms", "1s", "1m30s", "30m", "1h30m", "2d", "3650d", "1d1h1m1s1ms"})
    CHECK(duration_text(parse_duration(text).value()) == text);
  CHECK(duration_text(std::chrono::seconds(90)) == "1m30s");
  CHECK(duration_text(std::chrono::milliseconds(0)) == "0s");
}

TEST_CASE("a size prints as it would be written", "[model]") {
  CHECK(Size{Size::Unit::percent, 50}.text() == "50%");
  CHECK(Size{Size::Unit::bytes, 8 * kGiB}.text() == "8 GiB");
}

TEST_CASE("counts are in thousands", "[model]") {
  CHECK(parse_count("200000").value() == 200'000);
  CHECK(parse_count("200k").value() == 200'000);
  CHECK(parse_count("1M").value() == 1'000'000);
  CHECK(parse_count("2g").value() == 2'000'000'000);
}

TEST_CASE("what is no count is told with the text", "[model]") {
  CHECK(count_error("") == "'' is not a count like 200000, 200k or 1M");
  CHECK(count_error("k") == "'k' is not a count like 200000, 200k or 1M");
  CHECK(count_error("-5") == "'-5' is not a count like 200000, 200k or 1M");
  CHECK(count_error("1.5k") == "'1.5k' is not a count like 200000, 200k or 1M");
  CHECK(count_error("1Mi") == "'1Mi' is not a count like 200000, 200k or 1M");
  CHECK(count_error("10%") == "'10%' is not a count like 200000, 200k or 1M");
  CHECK(count_error("0") == "'0' is zero");
  CHECK(count_error("0k") == "'0k' is zero");
  CHECK(count_error("99999999999999999999") == "'99999999999999999999' is too large");
  CHECK(count_error("9223372036854775807k") == "'9223372036854775807k' is too large");
}

TEST_CASE("durations are numbers with units, largest first", "[model]") {
  CHECK(parse_duration("90s").value() == 90s);
  CHECK(parse_duration("30m").value() == 30min);
  CHECK(parse_duration("1h30m").value() == 90min);
  CHECK(parse_duration("250ms").value() == 250ms);
  CHECK(parse_duration("2d").value() == 48h);
  CHECK(parse_duration("1d2h3m4s5ms").value() == 26h + 3min + 4s + 5ms);
  CHECK(parse_duration("1m30ms").value() == 1min + 30ms);
  CHECK(parse_duration("0h5s").value() == 5s);
}

TEST_CASE("what is no duration is told with the whole text", "[model]") {
  CHECK(duration_error("") == "'' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("90") == "'90' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("s") == "'s' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("-5s") == "'-5s' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("1.5h") == "'1.5h' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("1h30") == "'1h30' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("1hour") == "'1hour' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("90s ") == "'90s ' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("90S") == "'90S' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("30m1h") == "'30m1h' is not a duration like 90s, 30m or 1h30m");
  CHECK(duration_error("5s5s") == "'5s5s' is not a duration like 90s, 30m or 1h30m");
}

TEST_CASE("a duration of nothing, or of ages, is refused", "[model]") {
  CHECK(duration_error("0s") == "'0s' is zero");
  CHECK(duration_error("0h0m") == "'0h0m' is zero");
  CHECK(duration_error("9223372036854775807d") == "'9223372036854775807d' is too large");
  CHECK(duration_error("1d99999999999999999999s") == "'1d99999999999999999999s' is too large");
}

TEST_CASE("bytes are told to people in the unit that fits", "[model]") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(17) == "17 B");
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_bytes(512 * kKiB) == "512 KiB");
  CHECK(human_bytes(4 * kGiB) == "4 GiB");
  CHECK(human_bytes(275 * kGiB + kGiB / 3) == "275 GiB");
  CHECK(human_bytes(std::numeric_limits<uint64_t>::max()) == "16 EiB");
}

TEST_CASE("rounding never shows 1024 of a unit", "[model]") {
  CHECK(human_bytes(kMiB - 1) == "1.0 MiB");
  CHECK(human_bytes(kGiB - 1) == "1.0 GiB");
}

TEST_CASE("cores are written with up to three digits behind the point", "[model]") {
  CHECK(parse_cores("2") == 2'000);
  CHECK(parse_cores("0.5") == 500);
  CHECK(parse_cores("1.25") == 1'250);
  CHECK(parse_cores("0.010") == 10);
  for (const char* text : {"", "0", "0.009", "-1", ".5", "1.", "1.2345", "1.5x", "1,5", "2 ", "1e3", "1000001", "99999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(parse_cores(text).has_value());
  }
  for (const uint64_t thousandths : {10, 250, 500, 1'000, 1'001, 12'340}) CHECK(parse_cores(cores_text(thousandths)) == thousandths);
  CHECK(cores_text(1'500) == "1.5");
}

TEST_CASE("a size is spelled so that it is read as exactly the same", "[model]") {
  for (const char* text : {"8GiB", "1536MiB", "1KiB", "1025", "4TiB", "50%"}) CHECK(parse_size(text)->spelling() == text);
  CHECK(parse_size("1024M")->spelling() == "1GiB");
}

TEST_CASE("a share is exact where the memory is no multiple of a hundred", "[model]") {
  CHECK(parse_size("50%")->bytes_of(uint64_t{16} << 30) == uint64_t{8} << 30);
  CHECK(parse_size("100%")->bytes_of(~uint64_t{0}) == ~uint64_t{0} / 4096 * 4096);
}
