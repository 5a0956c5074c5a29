#include "policy/schema.hpp"

#include <catch2/catch.hpp>

#include "policy/keys.hpp"

using namespace stepbox::policy;

TEST_CASE("the schema has every key of this version and none of a later one", "[policy]") {
  const std::string schema = json_schema();
  for (const KeyRow& row : keys()) {
    const std::string word = "\"" + std::string(row.key.substr(row.key.find('.') + 1)) + "\": {";
    INFO(row.key);
    CHECK(schema.contains(word) == (row.shape != Shape::unsupported));
  }
}

TEST_CASE("the schema lists the words of a choice", "[policy]") {
  const std::string schema = json_schema();
  CHECK(schema.contains(R"("network": {"enum": ["host", "loopback", "none"], )"));
  CHECK(schema.contains(R"("enum": ["quota", "mount-isolation", )"));
}

TEST_CASE("the schema's brackets match", "[policy]") {
  int depth = 0;
  bool in_text = false;
  const std::string schema = json_schema();
  for (size_t i = 0; i < schema.size(); ++i) {
    if (schema[i] == '"' && schema[i - 1] != '\\') in_text = !in_text;
    if (in_text) continue;
    if (schema[i] == '{' || schema[i] == '[') ++depth;
    if (schema[i] == '}' || schema[i] == ']') --depth;
    REQUIRE(depth >= 0);
  }
  CHECK(depth == 0);
  CHECK_FALSE(in_text);
}
