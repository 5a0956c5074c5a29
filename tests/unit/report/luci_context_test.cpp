#include "report/luci_context.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using report::parse_luci_deadline;

namespace {

OuterDeadline parsed(const std::string& text) {
  const auto deadline = parse_luci_deadline(text);
  INFO(text);
  REQUIRE(deadline);
  return *deadline;
}

std::string refusal(const std::string& text) {
  const auto deadline = parse_luci_deadline(text);
  INFO(text);
  REQUIRE_FALSE(deadline);
  return deadline.error().message;
}

}  // namespace

TEST_CASE("LUCI's deadline is read, and the rest of the file passed over", "[report][deadlines]") {
  const OuterDeadline deadline = parsed(
      R"({"local_auth": {"secret": "c2VjcmV0", "rpc_port": 1}, "deadline": {"soft_deadline": 1700000000.25, "grace_period": 15, "new": []}})");
  CHECK(deadline.soft_deadline == 1700000000.25);
  CHECK(deadline.grace == 15);
}

TEST_CASE("what LUCI leaves out has its own defaults", "[report][deadlines]") {
  for (const char* text : {"{}", R"({"realm": {}})", R"({"deadline": {}})"}) {
    CHECK(parsed(text).soft_deadline == 0);
    CHECK(parsed(text).grace == 30);
  }
  CHECK(parsed(R"({"deadline": {"soft_deadline": 5}})").grace == 30);
}

TEST_CASE("a broken LUCI_CONTEXT is told, and never its text", "[report][deadlines]") {
  for (const char* text : {"", "secret", "[]", "7", "{", "{\"deadline\": {}"})
    CHECK(refusal(text) == "it is not a JSON object");
  CHECK(refusal(R"({"deadline": 5})") == "deadline is not an object");
  CHECK(refusal(R"({"deadline": {"soft_deadline": "soon"}})") == "deadline.soft_deadline is not a number of seconds");
  CHECK(refusal(R"({"deadline": {"soft_deadline": -1}})") == "deadline.soft_deadline is not a number of seconds");
  CHECK(refusal(R"({"deadline": {"soft_deadline": 1e999}})").starts_with("it is not a JSON object"));
  CHECK(refusal(R"({"deadline": {"grace_period": null}})") == "deadline.grace_period is not a number of seconds");
}
