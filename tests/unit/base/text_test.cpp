#include "base/text.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_CASE("well-formed UTF-8 of every length is recognised", "[base]") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("plain"));
  CHECK(is_utf8("a\0b"sv));
  CHECK(is_utf8("\x7f"));
  CHECK(is_utf8("\xc2\x80"));          // U+0080, the first of two bytes
  CHECK(is_utf8("\xdf\xbf"));          // U+07FF, the last of two bytes
  CHECK(is_utf8("\xe0\xa0\x80"));      // U+0800
  CHECK(is_utf8("\xed\x9f\xbf"));      // U+D7FF, just below the surrogates
  CHECK(is_utf8("\xee\x80\x80"));      // U+E000, just above them
  CHECK(is_utf8("\xef\xbf\xbf"));      // U+FFFF
  CHECK(is_utf8("\xf0\x90\x80\x80"));  // U+10000
  CHECK(is_utf8("\xf4\x8f\xbf\xbf"));  // U+10FFFF, the last of all
}

TEST_CASE("malformed UTF-8 is refused", "[base]") {
  CHECK_FALSE(is_utf8("\x80"));              // a continuation alone
  CHECK_FALSE(is_utf8("\xc0\xaf"));          // overlong '/'
  CHECK_FALSE(is_utf8("\xc1\xbf"));          // overlong
  CHECK_FALSE(is_utf8("\xe0\x80\xaf"));      // overlong in three bytes
  CHECK_FALSE(is_utf8("\xf0\x80\x80\xaf"));  // overlong in four bytes
  CHECK_FALSE(is_utf8("\xf0\x8f\xbf\xbf"));
  CHECK_FALSE(is_utf8("\xed\xa0\x80"));      // a surrogate
  CHECK_FALSE(is_utf8("\xed\xbf\xbf"));
  CHECK_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(is_utf8("\xf5\x80\x80\x80"));
  CHECK_FALSE(is_utf8("\xfe"));
  CHECK_FALSE(is_utf8("\xff"));
}

TEST_CASE("UTF-8 that ends too early is refused", "[base]") {
  CHECK_FALSE(is_utf8("ab\xc2"));
  CHECK_FALSE(is_utf8("\xe2\x82"));
  CHECK_FALSE(is_utf8("\xf0\x9f\x98"));
  CHECK_FALSE(is_utf8("\xe2\x82z"));
}

TEST_CASE("quoting leaves ordinary text alone", "[base]") {
  CHECK(quoted("cache") == "'cache'");
  CHECK(quoted("") == "''");
  CHECK(quoted("größe €😀") == "'größe €😀'");
}

TEST_CASE("quoting makes every control character visible", "[base]") {
  CHECK(quoted("a\nb\tc\rd") == R"('a\nb\tc\rd')");
  CHECK(quoted("\x1b[31mred") == R"('\x1b[31mred')");
  CHECK(quoted("\0"sv) == R"('\x00')");
  CHECK(quoted("\x7f") == R"('\x7f')");
}

TEST_CASE("quoting makes C1 controls visible, which terminals act on too", "[base]") {
  CHECK(quoted("\xc2\x9b" "31m") == R"('\xc2\x9b31m')");  // CSI in one character
  CHECK(quoted("\xc2\x80") == R"('\xc2\x80')");
  CHECK(quoted("\xc2\xa0") == "'\xc2\xa0'");  // the no-break space is no control
}

TEST_CASE("quoting escapes what is not UTF-8 and goes on behind it", "[base]") {
  CHECK(quoted("a\xff" "b") == R"('a\xffb')");
  CHECK(quoted("\xc3") == R"('\xc3')");
  CHECK(quoted("\xe2\x82") == R"('\xe2\x82')");
  CHECK(quoted("\xed\xa0\x80") == R"('\xed\xa0\x80')");
  CHECK(quoted("\xff\xc3\xa9") == R"('\xffé')");
}

TEST_CASE("quoting escapes its own quotes and backslashes", "[base]") {
  CHECK(quoted("it's") == R"('it\'s')");
  CHECK(quoted(R"(a\n)") == R"('a\\n')");
  CHECK(escaped("it's") == R"(it\'s)");
}

TEST_CASE("the nearest word is found for common slips", "[base]") {
  constexpr std::string_view kWords[] = {"overlay", "read-only", "loopback", "ro", "rw", "none"};
  CHECK(nearest("overlya", kWords) == "overlay");  // a swap
  CHECK(nearest("overlay", kWords) == "overlay");
  CHECK(nearest("loopbak", kWords) == "loopback");  // one missing
  CHECK(nearest("nonee", kWords) == "none");       // one too many
  CHECK(nearest("r", kWords) == "ro");             // the first of equals
}

TEST_CASE("no word is suggested when none is near", "[base]") {
  constexpr std::string_view kWords[] = {"overlay", "none"};
  CHECK(nearest("zebra", kWords).empty());
  CHECK(nearest("", kWords).empty());
  CHECK(nearest("overlay", {}).empty());
  CHECK(nearest(std::string(65, 'o'), kWords).empty());
  CHECK(did_you_mean("zebra", kWords).empty());
}

TEST_CASE("a swap of neighbours counts as one slip", "[base]") {
  constexpr std::string_view kWords[] = {"abc"};
  CHECK(nearest("acb", kWords) == "abc");
  CHECK(nearest("cba", kWords).empty());
}

TEST_CASE("nothing beyond two slips is suggested, nor beyond one in a short word", "[base]") {
  constexpr std::string_view kWords[] = {"environment", "rush"};
  CHECK(nearest("envirnmnt", kWords) == "environment");
  CHECK(nearest("envrnmnt", kWords).empty());
  CHECK(nearest("rust", kWords) == "rush");
  CHECK(nearest("bust", kWords).empty());
}

TEST_CASE("the beginning of a single word suggests that word", "[base]") {
  constexpr std::string_view kWords[] = {"--network", "--source", "--source-path", "memory"};
  CHECK(nearest("--net", kWords) == "--network");
  CHECK(nearest("--sourc", kWords) == "--source");
  CHECK(nearest("--sou", kWords).empty());
  CHECK(nearest("--ne", kWords).empty());
  CHECK(nearest("mem", kWords) == "memory");
}

TEST_CASE("a suggestion is a question with the word quoted", "[base]") {
  constexpr std::string_view kWords[] = {"--size"};
  CHECK(did_you_mean("--sise", kWords) == "did you mean '--size'?");
}

TEST_CASE("join puts the separator between parts only", "[base]") {
  CHECK(join({}, ", ").empty());
  CHECK(join(std::vector{"a"s}, ", ") == "a");
  CHECK(join(std::vector{"a"s, "b"s, "c"s}, ", ") == "a, b, c");
  CHECK(join(std::vector{""s, ""s}, ",") == ",");
}

TEST_CASE("split keeps empty parts", "[base]") {
  CHECK(split("", ':') == std::vector{""sv});
  CHECK(split("a", ':') == std::vector{"a"sv});
  CHECK(split(":a::b:", ':') == std::vector{""sv, "a"sv, ""sv, "b"sv, ""sv});
}

TEST_CASE("patterns match the whole text", "[base]") {
  CHECK(matches_pattern("CI", "CI"));
  CHECK_FALSE(matches_pattern("CI", "CI_JOB"));
  CHECK_FALSE(matches_pattern("CI", "MCI"));
  CHECK(matches_pattern("", ""));
  CHECK_FALSE(matches_pattern("", "a"));
  CHECK_FALSE(matches_pattern("?", ""));
}

TEST_CASE("a star matches any run, a question mark one byte", "[base]") {
  CHECK(matches_pattern("*", ""));
  CHECK(matches_pattern("*", "anything"));
  CHECK(matches_pattern("CI_*", "CI_"));
  CHECK(matches_pattern("CI_*", "CI_JOB_ID"));
  CHECK(matches_pattern("*_TOKEN", "GITHUB_TOKEN"));
  CHECK_FALSE(matches_pattern("*_TOKEN", "GITHUB_TOKENS"));
  CHECK(matches_pattern("a?c", "abc"));
  CHECK_FALSE(matches_pattern("a?c", "ac"));
  CHECK(matches_pattern("*a*b*", "xxaxxbxx"));
  CHECK_FALSE(matches_pattern("*a*b*", "xxbxxaxx"));
  CHECK(matches_pattern("**", "a"));
  CHECK(matches_pattern("*ab", "aab"));  // has to take the star back
  CHECK(matches_pattern("a*", "a*"));    // a star in the text is a character
}

TEST_CASE("a pattern made to be slow is matched at once", "[base]") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  CHECK_FALSE(matches_pattern(pattern + "b", std::string(5000, 'a')));
}

TEST_CASE("numbers are written in hexadecimal with their prefix", "[base]") {
  CHECK(hex_text(0) == "0x0");
  CHECK(hex_text(0x1f) == "0x1f");
  CHECK(hex_text(~uint64_t{0}) == "0xffffffffffffffff");
}

TEST_CASE("where nothing is near, a few words are listed and many are not", "[base]") {
  static constexpr std::string_view kModes[] = {"host", "loopback", "none"};
  CHECK(nearest_or_all("hots", kModes) == "did you mean 'host'?");
  CHECK(nearest_or_all("xyzzy", kModes) == "one of host, loopback and none");
  CHECK(nearest_or_all("xyzzy", std::span(kModes, 1)) == "only host");
  CHECK(nearest_or_all("xyzzy", {}).empty());
  const std::vector<std::string_view> many(17, "word");
  CHECK(nearest_or_all("xyzzy", many).empty());
}

TEST_CASE("a sum is written down in lines", "[base]") {
  const SumLine lines[] = {{"512 MiB", "cache"}, {"1 GiB", "tmp"}};
  CHECK(sum_text(lines, "1.5 GiB") == "\n  512 MiB  cache\n    1 GiB  tmp\n  1.5 GiB  together");
}

TEST_CASE("a shell reads the word that was meant", "[text]") {
  CHECK(shell_word("/opt/sdk-1.2_x") == "/opt/sdk-1.2_x");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("/a/my tools/it's") == R"('/a/my tools/it'\''s')");
  CHECK(shell_word("~/x") == "'~/x'");
  CHECK(shell_word("a\\b") == R"('a\b')");
  CHECK(shell_word("a\n'b\xff") == R"($'a\n\'b\xff')");
}
