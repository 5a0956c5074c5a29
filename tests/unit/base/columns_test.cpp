#include "base/columns.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;

namespace {

const std::string kLongPath = "/" + std::string(140, 'p');

}  // namespace

TEST_CASE("a phrase is folded between its pieces", "[base][columns]") {
  CHECK(Phrase("one two three").lines(9) == std::vector<std::string>{"one two", "three"});
  CHECK(Phrase("one  two ").lines(80) == std::vector<std::string>{"one two"});
  CHECK(Phrase("at").whole("/a b/c").lines(8) == std::vector<std::string>{"at", "/a b/c"});
  CHECK(Phrase("/a:").glued("/b:").glued("/c").lines(6) == std::vector<std::string>{"/a:/b:", "/c"});
  CHECK(Phrase().lines(80).empty());
}

TEST_CASE("a piece wider than the line stands alone, and is not broken", "[base][columns]") {
  CHECK(Phrase("see").whole(kLongPath).words("there").lines(20) == std::vector<std::string>{"see", kLongPath, "there"});
}

TEST_CASE("characters are counted, not bytes", "[base][columns]") {
  CHECK(width_of("gr\xc3\xbc\xc3\x9f") == 4);
  CHECK(Phrase("\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc").lines(5) == std::vector<std::string>{"\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc"});
}

TEST_CASE("a list has commas between its names", "[base][columns]") {
  const std::vector<std::string> names{"a", "b c", "d"};
  CHECK(listed(names).lines(6) == std::vector<std::string>{"a,", "b c, d"});
}

TEST_CASE("rows share a left column, and go on below the right one", "[base][columns]") {
  std::string words;
  for (int i = 0; i < 30; ++i) words += "word ";
  const std::vector<Row> rows{{"a", "first"}, {"a-longer-name-is-here", words}, {"alone", {}}};
  const std::string text = columns(rows);
  CHECK(text.starts_with("  a                      first\n  a-longer-name-is-here  word word"));
  CHECK(text.find("\n                         word") != std::string::npos);
  CHECK(text.ends_with("\n  alone\n"));
}

TEST_CASE("no line of columns is wider than a page, but for a long piece", "[base][columns]") {
  std::string words;
  for (int i = 0; i < 90; ++i) words += std::string(static_cast<size_t>(i % 11 + 1), 'x') + " ";
  const std::vector<Row> rows{{"left", words}, {std::string(60, 'l'), words}};
  std::string text = columns(rows);
  for (size_t end = text.find('\n'); end != std::string::npos; text.erase(0, end + 1), end = text.find('\n')) CHECK(end <= kPageWidth);
}

TEST_CASE("a wide left side stands above its right one", "[base][columns]") {
  const std::vector<Row> rows{{std::string(40, 'l'), "right"}, {"b", "right"}};
  CHECK(columns(rows) == "  " + std::string(40, 'l') + "\n                right\n  b             right\n");
}
