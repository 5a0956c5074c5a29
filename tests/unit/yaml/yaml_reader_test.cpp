#include "yaml/yaml_reader.hpp"

#include <catch2/catch.hpp>
#include <string>

using stepbox::yaml::Node;
using stepbox::yaml::parse;

namespace {

Node parsed(std::string_view text) {
  auto node = parse(text, "p.yaml");
  INFO(text);
  if (!node) FAIL(node.error().message);
  return std::move(*node);
}

std::string refusal(std::string_view text) {
  const auto node = parse(text, "p.yaml");
  INFO(text);
  REQUIRE_FALSE(node.has_value());
  return node.error().message;
}

std::string repeated(std::string_view part, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += part;
  return out;
}

}  // namespace

TEST_CASE("maps, lists and scalars become nodes in file order", "[yaml]") {
  const Node root = parsed("b: 1\na: [x, 'y']\n");
  REQUIRE(root.kind == Node::Kind::map);
  REQUIRE(root.entries.size() == 2);
  CHECK(root.entries[0].first.scalar == "b");
  CHECK(root.entries[0].second.scalar == "1");
  const Node& list = root.entries[1].second;
  REQUIRE(list.kind == Node::Kind::list);
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0].scalar == "x");
  CHECK(list.items[1].scalar == "y");
}

TEST_CASE("a node knows where it stands, counted from 1", "[yaml]") {
  const Node root = parsed("# comment\nworkspace:\n  size: 8GiB\n");
  const Node& size = root.entries[0].second.entries[0].second;
  CHECK(size.line == 3);
  CHECK(size.column == 9);
  CHECK(stepbox::yaml::position("p.yaml", size) == "p.yaml:3:9");
}

TEST_CASE("places stay right behind CRLF line ends and characters of several bytes", "[yaml]") {
  const Node root = parsed("a: \"\xC3\xA9\"\r\nb: [\"\xC3\xA9\", c]\r\n");
  const Node& list = root.entries[1].second;
  CHECK(list.line == 2);
  CHECK(list.column == 4);
  CHECK(list.items[1].column == 11);  // columns are bytes, as in compilers' messages
}

TEST_CASE("scalars keep the text as written, and whether it was quoted", "[yaml]") {
  const Node root = parsed("- true\n- \"true\"\n- 'true'\n- 0x1F\n- 1.50\n- |\n  true\n");
  REQUIRE(root.items.size() == 6);
  CHECK(root.items[0].scalar == "true");
  CHECK_FALSE(root.items[0].was_quoted);
  CHECK(root.items[1].was_quoted);
  CHECK(root.items[2].was_quoted);
  CHECK(root.items[3].scalar == "0x1F");
  CHECK(root.items[4].scalar == "1.50");
  CHECK(root.items[5].scalar == "true\n");
  CHECK(root.items[5].was_quoted);
}

TEST_CASE("a missing value is null and stands where its key stands", "[yaml]") {
  const Node root = parsed("a:\nb: ~\n\n  \nc: null\nd: \"\"\n");
  REQUIRE(root.entries.size() == 4);
  CHECK(root.entries[0].second.kind == Node::Kind::null);
  CHECK(root.entries[0].second.line == 1);
  CHECK(root.entries[1].second.kind == Node::Kind::null);
  CHECK(root.entries[2].second.kind == Node::Kind::null);
  CHECK(root.entries[2].second.line == 5);
  CHECK(root.entries[3].second.kind == Node::Kind::scalar);
}

TEST_CASE("an empty file and one of comments only are null", "[yaml]") {
  for (const char* text : {"", "\n\n", "# nothing here\n", "---\n"}) {
    const Node root = parsed(text);
    CHECK(root.kind == Node::Kind::null);
    CHECK(root.line >= 1);
  }
}

TEST_CASE("what could hide or multiply content is refused", "[yaml]") {
  CHECK(refusal("a: &x 1\n") == "p.yaml:1:4: anchors are not allowed");
  CHECK(refusal("a: &x [1]\nb: *x\n") == "p.yaml:1:4: anchors are not allowed");
  CHECK(refusal("&k a: 1\n") == "p.yaml:1:1: anchors are not allowed");
  CHECK(refusal("a: !!str 1\n") == "p.yaml:1:4: tags are not allowed");
  CHECK(refusal("a: ! 1\n") == "p.yaml:1:4: tags are not allowed");
  CHECK(refusal("a: ! '1'\n") == "p.yaml:1:4: tags are not allowed");
  CHECK(refusal("a: !x [1]\n") == "p.yaml:1:4: tags are not allowed");
  CHECK(refusal("a: !!map {b: 1}\n") == "p.yaml:1:4: tags are not allowed");
  CHECK(refusal("<<: {a: 1}\n") == "p.yaml:1:1: merge keys are not allowed");
  CHECK(refusal("a: 1\nb: 2\na: 3\n") == "p.yaml:3:1: duplicate key 'a' (the first is in line 1)");
  CHECK(refusal("{x: {b: 1, \"b\": 2}}") == "p.yaml:1:12: duplicate key 'b' (the first is in line 1)");
}

TEST_CASE("reading goes on after a fault where it can", "[yaml]") {
  const stepbox::yaml::Reading all = stepbox::yaml::read("a: 1\na: &x 2\nb: !!str 3\nb: {c: 4, c: 5}\n", "p.yaml");
  CHECK(all.is_whole);
  CHECK(all.faults.size() == 5);
  CHECK(all.root.entries.size() == 4);
  const stepbox::yaml::Reading part = stepbox::yaml::read("a: 1\na: 2\nb: {c: 1, d: {\n\te: [\n", "p.yaml");
  CHECK_FALSE(part.is_whole);
  REQUIRE(part.faults.size() == 2);
  CHECK(part.faults[0].line == 2);
  REQUIRE(part.root.entries.size() >= 2);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "a: 1\n";
  CHECK(stepbox::yaml::read(many, "p.yaml").faults.size() == 21);
}

TEST_CASE("the same key in two maps is no duplicate", "[yaml]") {
  CHECK(parsed("a: {x: 1}\nb: {x: 1}\nx: 1\n").entries.size() == 3);
}

TEST_CASE("a quoted << is a key like any other", "[yaml]") {
  CHECK(parsed("'<<': 1\n").entries[0].first.scalar == "<<");
}

TEST_CASE("keys are plain words", "[yaml]") {
  CHECK(refusal("[a]: 1\n") == "p.yaml:1:1: a key must be a plain word, not a list or a map");
  CHECK(refusal("? {a: b}\n: 1\n") == "p.yaml:1:3: a key must be a plain word, not a list or a map");
  CHECK(refusal("~: 1\n") == "p.yaml:1:1: a key must be a plain word, not null");
}

TEST_CASE("one file holds one document", "[yaml]") {
  CHECK(refusal("a: 1\n---\nb: 2\n") == "p.yaml:2:1: more than one document");
  CHECK(refusal("'a' 'b'\n") == "p.yaml:1:5: unexpected text after the end of the document");
  CHECK(parsed("---\na: 1\n...\n").entries.size() == 1);
}

TEST_CASE("bytes that an editor would not show are refused", "[yaml]") {
  using namespace std::string_view_literals;
  CHECK(refusal("a: 1\nb: \0\n"sv) == "p.yaml:2:4: NUL bytes are not allowed");
  CHECK(refusal("a: \"\\0\"\n") == "p.yaml:1:4: NUL bytes are not allowed");
  CHECK(refusal("\xEF\xBB\xBF"
                "a: 1\n") == "p.yaml:1:1: starts with a byte order mark");
  CHECK(refusal("a: 1\n\x04"
                "b: 2\n") == "p.yaml:2:1: control character '\\x04' is not allowed");
  CHECK(refusal("a: \x1b[2J\n") == "p.yaml:1:4: control character '\\x1b' is not allowed");
  CHECK(refusal("a: 1\rb: 2\n") == "p.yaml:1:5: control character '\\r' is not allowed");
  CHECK(refusal("a: \xC0\x80\n") == "p.yaml:1:4: not valid UTF-8");
  CHECK(refusal("a: \"\xC3\xA9 \xE9\"\n") == "p.yaml:1:8: not valid UTF-8");
  CHECK(refusal("\xFF\xFE"
                "a\0"sv) == "p.yaml:1:1: not valid UTF-8");
}

TEST_CASE("broken YAML is one line with file, line and column", "[yaml]") {
  CHECK(refusal("a: [1, 2\n") == "p.yaml:2:1: end of sequence flow not found");
  CHECK(refusal("a: b: c\n") == "p.yaml:1:5: illegal map value");
  CHECK(refusal("a: *nowhere\n") == "p.yaml:1:4: the referenced anchor is not defined");
  CHECK(refusal("a: }\n") == "p.yaml:1:4: illegal flow end");
  CHECK(refusal("a: \"\\q\"\n") == "p.yaml:1:7: unknown escape character: q");
}

TEST_CASE("a place with control characters cannot break the message", "[yaml]") {
  const auto node = parse("a: *x", "a\nb.yaml");
  CHECK(node.error().message == "a\\nb.yaml:1:4: the referenced anchor is not defined");
}

TEST_CASE("a file may hold 1 MiB and no byte more", "[yaml]") {
  const std::string comment = "#" + std::string((1 << 20) - 2, 'x') + "\n";
  CHECK(parsed(comment).kind == Node::Kind::null);
  CHECK(refusal(comment + "\n") == "p.yaml: larger than 1 MiB");
}

TEST_CASE("32 levels are read and 33 refused", "[yaml]") {
  CHECK(parsed(repeated("[", 32) + repeated("]", 32)).kind == Node::Kind::list);
  CHECK(refusal(repeated("[", 33) + repeated("]", 33)) == "p.yaml:1:33: nested deeper than 32 levels");
  CHECK(refusal(repeated("- ", 33) + "x") == "p.yaml:1:65: nested deeper than 32 levels");
}

TEST_CASE("nesting without end neither crashes nor takes long", "[yaml]") {
  for (const char* part : {"[", "{", "- ", "? ", "[a: ", "{a: ", "- - ? ", "[{", "a: [", "[[a]: "}) {
    const auto node = parse(repeated(part, 100'000), "p.yaml");
    INFO(part);
    CHECK_FALSE(node.has_value());
  }
}
