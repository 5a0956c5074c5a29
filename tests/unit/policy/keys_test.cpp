#include "policy/keys.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string_view>

using namespace stepbox::policy;

TEST_CASE("every key, option and variable stands in the table once", "[policy]") {
  std::set<std::string_view> seen;
  for (const KeyRow& row : keys()) {
    CHECK(seen.insert(row.key).second);
    if (!row.option.empty()) CHECK(seen.insert(row.option).second);
    if (!row.variable.empty()) CHECK(seen.insert(row.variable).second);
  }
}

TEST_CASE("every supported key has an option, a variable and its words", "[policy]") {
  for (const KeyRow& row : keys()) {
    INFO(row.key);
    CHECK_FALSE(row.help.empty());
    if (row.shape == Shape::unsupported) continue;
    CHECK_FALSE(row.expected.empty());
    CHECK(row.operand.empty() == (row.shape == Shape::flag));
    CHECK((row.apply == nullptr) == (row.shape == Shape::group));
    CHECK((row.settings == nullptr) == (row.shape == Shape::group));
    CHECK((row.widening != nullptr) == (row.trust == Trust::tighten));
    const KeyRow* group = find_key(row.key.substr(0, row.key.find('.')));
    if (row.option.empty()) {
      // Spelled with the option of its group.
      REQUIRE(group != nullptr);
      CHECK(group->shape == Shape::group);
      continue;
    }
    CHECK(row.option.starts_with("--"));
    CHECK(row.variable.starts_with("STEPBOX_"));
    CHECK((row.separator != 0) == (row.shape == Shape::list || row.shape == Shape::map || row.shape == Shape::records || row.shape == Shape::items ||
                                    row.shape == Shape::group));
  }
}

TEST_CASE("a key is found by its whole name only", "[policy]") {
  REQUIRE(find_key("workspace.size") != nullptr);
  CHECK(find_key("workspace.size")->option == "--size");
  CHECK(find_key("workspace") == nullptr);
  CHECK(find_key("") == nullptr);
}
