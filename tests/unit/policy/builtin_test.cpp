#include "policy/builtin.hpp"

#include <algorithm>
#include <iterator>

#include "model/protection.hpp"
#include "policy/settings.hpp"
#include "policy_fixture.hpp"

using namespace stepbox;
using namespace stepbox::policy;

TEST_CASE("the built-in policies are listed with a line about each", "[policy]") {
  std::vector<std::string_view> names;
  for (const BuiltinPolicy& policy : builtin_policies()) {
    names.push_back(policy.name);
    CHECK_FALSE(policy.summary.empty());
    CHECK_FALSE(policy.summary.contains('\n'));
  }
  CHECK(names == std::vector<std::string_view>{"default", "go", "strict"});
}

TEST_CASE("every built-in policy can be named", "[policy]") {
  for (const BuiltinPolicy& policy : builtin_policies()) {
    PolicyFixture fixture;
    fixture.request.names = {std::string(policy.name)};
    CHECK(fixture.resolved().names.back().name == policy.name);
  }
}

TEST_CASE("default sets every key that has one value, since nothing lies below it", "[policy]") {
  const auto default_policy = std::ranges::find(builtins(), "default", &Builtin::name);
  REQUIRE(default_policy != builtins().end());
  for (const KeyRow& row : keys()) {
    const bool has_one_value = row.shape == Shape::scalar || row.shape == Shape::flag;
    // The working directory is no constant, outputs go into the checkout, and without a limit there is none.
    if (!has_one_value || row.key == "source.path" || row.key.starts_with("outputs-")) continue;
    if (row.key.starts_with("limits.") && row.key != "limits.grace") continue;
    INFO(row.key);
    CHECK(std::ranges::find(default_policy->settings, row.key, &BuiltinSetting::key) != default_policy->settings.end());
  }
}

TEST_CASE("strict is nowhere wider than default, so a project may extend it", "[policy]") {
  PolicyFixture fixture;
  fixture.project("extends: [strict]\n");
  const Policy policy = fixture.resolved();
  CHECK(policy.source.value == SourceMode::ro);
  CHECK(policy.network.value == NetworkMode::none);
  CHECK_FALSE(policy.allow_nesting.value);
  CHECK(policy.clear_environment.value);
  CHECK(policy.root.value == RootMode::system);
  // It depends on what else the caller opens.
  for (const std::string_view name : kProtectionNames)
    CHECK((std::ranges::find(policy.require, name, &RequiredProtection::name) != policy.require.end()) == (name != "path-sockets"));
}
