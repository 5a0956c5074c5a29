#include "policy/settings.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using namespace stepbox::policy;

namespace {

Origin option(std::string_view key) {
  return Origin{.layer = Layer::command_line, .place = std::string(find_key(key)->option)};
}

}  // namespace

TEST_CASE("an option of a map is split at the first equals sign", "[policy]") {
  const auto setting = setting_from_text(*find_key("environment.set"), "A=b=c", option("environment.set"));
  REQUIRE(setting);
  CHECK(setting->key == "environment.set");
  CHECK(setting->name == "A");
  CHECK(setting->value == "b=c");
  CHECK(setting->origin.place == "--env");
}

TEST_CASE("an option of a scalar or list is taken whole", "[policy]") {
  const auto setting = setting_from_text(*find_key("filesystem.ro"), "/a:b=c", option("filesystem.ro"));
  REQUIRE(setting);
  CHECK(setting->name.empty());
  CHECK(setting->value == "/a:b=c");
}

TEST_CASE("an option of a map without equals sign says its form", "[policy]") {
  const auto env = setting_from_text(*find_key("environment.set"), "CI", option("environment.set"));
  REQUIRE_FALSE(env);
  CHECK(env.error().message == "--env: 'CI' is not NAME=VALUE");
  const auto volume = setting_from_text(*find_key("workspace.volumes"), "cache", option("workspace.volumes"));
  REQUIRE_FALSE(volume);
  CHECK(volume.error().message == "--volume: 'cache' is not NAME=SIZE[,inodes=COUNT]");
}

TEST_CASE("variables of lists and maps hold several values", "[policy]") {
  const auto paths = settings_from_variable(*find_key("filesystem.ro"), "/a:/b");
  REQUIRE(paths);
  REQUIRE(paths->size() == 2);
  CHECK((*paths)[1].value == "/b");
  CHECK((*paths)[1].origin.text() == "STEPBOX_RO");

  const auto names = settings_from_variable(*find_key("environment.unset"), "A,B");
  REQUIRE(names);
  CHECK(names->size() == 2);

  const auto volumes = settings_from_variable(*find_key("workspace.volumes"), "cache=4GiB,inodes=5 tmp=1GiB");
  REQUIRE(volumes);
  REQUIRE(volumes->size() == 2);
  CHECK((*volumes)[0].value == "4GiB,inodes=5");
  CHECK((*volumes)[1].name == "tmp");

  const auto env = settings_from_variable(*find_key("environment.set"), "A=x y,z\nB=");
  REQUIRE(env);
  REQUIRE(env->size() == 2);
  CHECK((*env)[0].value == "x y,z");
  CHECK((*env)[1].value.empty());
}

TEST_CASE("the variable of a scalar is one value whatever it holds", "[policy]") {
  const auto settings = settings_from_variable(*find_key("source.path"), "/a:/b,c d");
  REQUIRE(settings);
  REQUIRE(settings->size() == 1);
  CHECK((*settings)[0].value == "/a:/b,c d");
}

TEST_CASE("errors name file, line and key, or the option alone", "[policy]") {
  Policy policy;
  const Setting in_file{"environment.set", "A-B", "1", Origin{Layer::user, "ci.yaml", 3, 9}};
  CHECK(where(in_file) == "ci.yaml:3:9: environment.set.A-B");
  CHECK(where({"network", "", "x", Origin{Layer::command_line, "--network"}}) == "--network");
  CHECK(where({"network", "", "x", Origin{Layer::built_in, "strict", 4}}) == "strict:4 (built in): network");
  CHECK(where({"network", "", "x", Origin{Layer::user, "a\nb", 1, 2}}) == "a\\nb:1:2: network");
}

TEST_CASE("a refused setting leaves the policy as it was", "[policy]") {
  Policy policy;
  REQUIRE(apply_setting(policy, {"workspace.volumes", "cache", "4GiB", {}}));
  CHECK_FALSE(apply_setting(policy, {"workspace.volumes", "cache", "2GiB,inodes=x", {}}));
  CHECK_FALSE(apply_setting(policy, {"workspace.volumes", "tmp", "x", {}}));
  REQUIRE(policy.volumes.size() == 1);
  CHECK(policy.volumes[0].size == Size{Size::Unit::bytes, 4ULL << 30});
}
