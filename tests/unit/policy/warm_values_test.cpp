#include "policy/warm_values.hpp"

#include "policy/settings.hpp"
#include "policy_fixture.hpp"

using namespace stepbox;
using namespace stepbox::policy;
using std::chrono::hours;

namespace {

const Origin kPlace{.layer = Layer::command_line, .place = "x"};

Policy with(std::vector<Setting> settings) {
  Policy policy;
  for (const Setting& setting : settings)
    if (auto applied = apply_setting(policy, setting); !applied) FAIL(applied.error().message);
  return policy;
}

std::string refusal(std::string key, std::string name, std::string value) {
  Policy policy;
  const auto applied = apply_setting(policy, {std::move(key), std::move(name), std::move(value), kPlace});
  return applied ? "" : applied.error().message;
}

std::string refusal_of_go(std::string value) { return refusal("warm-caches", "go", std::move(value)); }

}  // namespace

TEST_CASE("a warm cache is named once, by the strongest layer that is not the project", "[policy][warm]") {
  PolicyFixture fixture;
  fixture.user("warm: [rust]\n");
  fixture.project("warm: [go, rust, node]\n");
  fixture.option("warm", "", "node");
  fixture.option("warm", "", "node");
  const Policy policy = fixture.resolved();
  REQUIRE(policy.warm.size() == 3);
  CHECK(policy.warm[0].name == "rust");
  CHECK(policy.warm[0].origin.layer == Layer::user);
  CHECK(policy.warm[1].name == "go");
  CHECK(policy.warm[1].origin.layer == Layer::project);
  CHECK(policy.warm[2].name == "node");
  CHECK(policy.warm[2].origin.layer == Layer::command_line);
}

TEST_CASE("names of warm caches are names of directories", "[policy][warm]") {
  for (const char* name : {"go", "my_tool-1.2", "0"}) CHECK(refusal("warm", "", name).empty());
  for (const char* name : {"", ".", "..", "-x", "a/b", "Go", "a b"}) {
    INFO(name);
    CHECK(refusal("warm", "", name) == "x: '" + std::string(name) + "' is not a name of up to 64 small letters, digits and ._-");
    CHECK_FALSE(refusal("warm-offer", "", name).empty());
    CHECK_FALSE(refusal("warm-caches", name, "keep=1").empty());
  }
  CHECK_FALSE(refusal("warm", "", std::string(65, 'a')).empty());
}

TEST_CASE("saving is the operator's, by option, variable or policy", "[policy][warm]") {
  CHECK_FALSE(PolicyFixture().resolved().warm_save.value);
  PolicyFixture by_user;
  by_user.user("warm-save: true\n");
  CHECK(by_user.resolved().warm_save.value);
  PolicyFixture by_variable;
  by_variable.variable("STEPBOX_WARM_SAVE=true");
  CHECK(by_variable.resolved().warm_save.value);
  PolicyFixture by_project;
  by_project.project("warm-save: true\n");
  CHECK(by_project.refusal() == "ROOT/checkout/.stepbox.yaml:2:12: warm-save: a project policy may not set this");
  CHECK(by_project.hint() == "if it is meant, pass --warm-save, or set warm-save in ROOT/site/policy.yaml");
  // Not even where the operator saves.
  by_project.option("warm-save", "", "true");
  CHECK(by_project.refusal().contains("a project policy may not set this"));
}

TEST_CASE("a project that extends a built-in policy does not take saving back", "[policy][warm]") {
  PolicyFixture fixture;
  fixture.user("warm-save: true\n");
  fixture.project("extends: [default]\n");
  CHECK(fixture.resolved().warm_save.value);
}

TEST_CASE("a project says nothing of what a warm cache covers or how much it may hold", "[policy][warm]") {
  PolicyFixture fixture;
  fixture.site("warm-caches: {go: {keep: 3}}\n");
  fixture.project("warm-caches: {go: {keep: 1}}\n");
  CHECK(fixture.refusal() == "ROOT/checkout/.stepbox.yaml:2:26: warm-caches.go: a project policy may not set this");
}

TEST_CASE("a warm cache's fields are read from a file", "[policy][warm]") {
  PolicyFixture fixture;
  fixture.site("warm-caches:\n  go: {max: 20GiB, keep: 2, refresh: [30d, 8GiB], key: [go.sum, tools/go.sum]}\n"
               "  mytool: {directories: [cache/mytool, home/.mytool], drop: ['*.lock'], merge: newest}\n");
  const Policy policy = fixture.resolved();
  REQUIRE(policy.warm_caches.size() == 2);
  const WarmSpec& go = policy.warm_caches[0];
  CHECK(go.name == "go");
  CHECK(go.max->amount == 20ULL << 30);
  CHECK(go.keep == 2u);
  CHECK(go.refresh_age == hours(24 * 30));
  CHECK(go.refresh_size->amount == 8ULL << 30);
  CHECK(go.key == std::vector<std::string>{"go.sum", "tools/go.sum"});
  CHECK(go.origin.text() == fixture.root() + "/site/policy.yaml:3:56");
  const WarmSpec& own = policy.warm_caches[1];
  CHECK(own.directories == std::vector<std::string>{"cache/mytool", "home/.mytool"});
  CHECK(own.drop == std::vector<std::string>{"*.lock"});
  CHECK(own.merge == WarmMerge::newest);
}

TEST_CASE("options spell a warm cache's fields with commas, and replace lists", "[policy][warm]") {
  PolicyFixture fixture;
  fixture.site("warm-caches: {go: {keep: 2, key: [go.sum], refresh: [30d, 8GiB]}}\n");
  fixture.option("warm-caches", "go", "key=a.sum,key=b.sum,refresh=1h");
  Policy policy = fixture.resolved();
  REQUIRE(policy.warm_caches.size() == 1);
  CHECK(policy.warm_caches[0].keep == 2u);
  CHECK(policy.warm_caches[0].key == std::vector<std::string>{"a.sum", "b.sum"});
  CHECK(policy.warm_caches[0].refresh_age == hours(1));
  CHECK_FALSE(policy.warm_caches[0].refresh_size);
  fixture.variable("STEPBOX_WARM_CACHE=go=keep=9 rust=max=1G");
  fixture.option("warm-caches", "go", "key=");
  policy = fixture.resolved();
  REQUIRE(policy.warm_caches.size() == 2);
  CHECK(policy.warm_caches[0].key.empty());
  CHECK(policy.warm_caches[0].keep == 9u);
  CHECK(policy.warm_caches[1].max->amount == 1ULL << 30);
}

TEST_CASE("a wrong field of a warm cache is refused with the right one", "[policy][warm]") {
  CHECK(refusal_of_go("maximum=1G") == "x: 'maximum' is not a field of a warm cache (one of max, keep, refresh, key, directories, drop and merge)");
  CHECK(refusal_of_go("kep=1") == "x: 'kep' is not a field of a warm cache (did you mean 'keep'?)");
  CHECK(refusal_of_go("keep") == "x: 'keep' is not FIELD=VALUE");
  CHECK(refusal_of_go("keep=1,keep=2") == "x: two values of 'keep'");
  CHECK(refusal_of_go("max=50%") == "x: '50%' is not a size like 8GiB or 512M");
  CHECK_FALSE(refusal_of_go("keep=0").empty());
  CHECK(refusal_of_go("refresh=often") == "x: 'often' is not an age like 30d, a size like 8GiB, or both");
  for (const char* path : {"/etc/passwd", "../x", "a/../b", "a//b"})
    CHECK(refusal_of_go("key=" + std::string(path)) == "x: '" + std::string(path) + "' is not a file below the checkout");
  for (const char* path : {"cache", "cache/../x", "/box/cache/x"}) {
    INFO(path);
    CHECK(refusal_of_go("directories=" + std::string(path)).contains("is not a path that begins with a volume"));
  }
  CHECK(refusal_of_go("merge=drop") == "x: 'drop' is not unite, newest, whole or exclusive");
  CHECK_FALSE(with({{"warm-caches", "go", "key=go.sum", kPlace}}).warm_caches.empty());
}

TEST_CASE("a mistake in a warm cache of a file has its place", "[policy][warm]") {
  PolicyFixture fixture;
  fixture.user("warm-caches: {go: {kep: 1}}\n");
  CHECK(fixture.refusal() == "ROOT/user/policy.yaml:2:20: warm-caches.go.kep: unknown key (did you mean 'keep'?)");
  fixture.user("warm-caches: {go: {keep: [1]}}\n");
  CHECK(fixture.refusal() == "ROOT/user/policy.yaml:2:26: warm-caches.go.keep: expected a number of generations, not a list");
  fixture.user("warm-caches: {go: {key: ['a,b']}}\n");
  CHECK(fixture.refusal() == "ROOT/user/policy.yaml:2:26: warm-caches.go.key: 'a,b' is not a file below the checkout");
  fixture.user("warm-caches: {go: 3}\n");
  CHECK(fixture.refusal() == "ROOT/user/policy.yaml:2:19: warm-caches.go: expected a warm cache's fields like {max: 20GiB, keep: 3}, not a single value");
}
