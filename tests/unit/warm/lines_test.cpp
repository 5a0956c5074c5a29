#include "warm/lines.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using namespace stepbox::warm;

TEST_CASE("a value of any bytes comes back from a line", "[warm]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  LineWriter writer("heading 1");
  writer.put("key", all);
  writer.put("empty", "");
  const auto lines = read_lines(std::move(writer).take(), "heading 1");
  REQUIRE(lines);
  REQUIRE(lines->size() == 2);
  CHECK((*lines)[0].key == "key");
  CHECK((*lines)[0].value == all);
  CHECK((*lines)[1].value.empty());
}

TEST_CASE("text that is cut off, or has another heading, is refused", "[warm]") {
  CHECK(read_lines("h 1\na b\n", "h 1"));
  CHECK_FALSE(read_lines("h 1\na b", "h 1"));
  CHECK_FALSE(read_lines("h 2\na b\n", "h 1"));
  CHECK_FALSE(read_lines("h 10\na b\n", "h 1"));
  CHECK_FALSE(read_lines("", "h 1"));
  CHECK_FALSE(read_lines("h 1\nword\n", "h 1"));
  CHECK_FALSE(read_lines("h 1\n value\n", "h 1"));
}

TEST_CASE("an escape that is never written is refused", "[warm]") {
  for (const char* text : {"\\", "\\q", "\\x1", "\\xZZ", "\\x0"}) CHECK_FALSE(unescape_value(text));
}

TEST_CASE("a number is digits alone", "[warm]") {
  CHECK(number_of("18446744073709551615").value() == UINT64_MAX);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1k", "18446744073709551616"}) CHECK_FALSE(number_of(text));
}
