// The warm caches as they are shipped.
#include "caches/warm.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>
#include <string>

#include "base/text.hpp"

using namespace stepbox;
using namespace stepbox::caches;

namespace {

struct Expected {
  std::string_view cache;
  std::string_view path;
  WarmMerge merge;
};

const Expected kExpected[] = {
    {"go", "cache/go-build/ab/abcd-a", WarmMerge::newest},
    {"go", "cache/go-build/ab/abcd-d", WarmMerge::unite},
    {"go", "cache/go-build/ab/abcd-d/program", WarmMerge::unite},
    {"go", "cache/go-build/trim.txt", WarmMerge::drop},
    {"go", "cache/go-build/testexpire.txt", WarmMerge::newest},
    {"go", "cache/go-build/fuzz/m/FuzzX/1234", WarmMerge::unite},
    {"go", "cache/go-mod/cache/download/m/@v/list", WarmMerge::newest},
    {"go", "cache/go-mod/cache/download/m/@v/v1.0.0.zip", WarmMerge::unite},
    {"go", "cache/go-mod/cache/download/m/@v/v1.0.0.lock", WarmMerge::drop},
    // Without it a module that was unpacked in part would pass for a whole one.
    {"go", "cache/go-mod/cache/download/m/@v/v1.0.0.partial", WarmMerge::unite},
    {"go", "cache/go-mod/cache/lock", WarmMerge::drop},
    {"go", "cache/go-mod/cache/vcs/1234/HEAD", WarmMerge::whole},
    // An unpacked module may hold files of any name.
    {"go", "cache/go-mod/m@v1.0.0/testdata/x.lock", WarmMerge::unite},
    {"go", "cache/go-mod/m@v1.0.0/trim.txt", WarmMerge::unite},
    {"rust", "cache/cargo/registry/index/x/.cache/se/rd/serde", WarmMerge::newest},
    {"rust", "cache/cargo/registry/src/x/a-1.0/Cargo.lock", WarmMerge::unite},
    {"rust", "cache/cargo/git/db/a/HEAD", WarmMerge::whole},
    {"rust", "cache/sccache/a/b/abc", WarmMerge::unite},
    {"cpp", "cache/ccache/0/1/23R", WarmMerge::unite},
    {"cpp", "cache/ccache/0/1/23M", WarmMerge::newest},
    {"cpp", "cache/ccache/0/stats", WarmMerge::drop},
    {"cpp", "cache/ccache/ccache.conf", WarmMerge::drop},
    {"cpp", "cache/ccache/tmp", WarmMerge::drop},
    {"cpp", "cache/ccache-files/ab/cd", WarmMerge::newest},
    {"node", "cache/npm/_cacache/content-v2/sha512/ab/cd/x", WarmMerge::unite},
    {"node", "cache/npm/_cacache/index-v5/ab/cd/x", WarmMerge::newest},
    {"node", "cache/npm/_cacache/tmp", WarmMerge::drop},
    {"node", "cache/npm/_logs", WarmMerge::drop},
    {"node", "cache/npm/_npx", WarmMerge::drop},
    {"node", "cache/xdg/yarn/v6/npm-a/node_modules/a/.tmp", WarmMerge::unite},
    {"node", "cache/xdg/yarn/v6/.tmp", WarmMerge::drop},
    {"node", "cache/pnpm/v10/files/00/abcd", WarmMerge::unite},
    {"node", "cache/pnpm/v11/index.db-wal", WarmMerge::whole},
    {"node", "cache/pnpm/v11/projects", WarmMerge::drop},
    {"node", "home/.bun/install/cache/a@1/yarn.lock", WarmMerge::unite},
    {"python", "cache/pip/http/1/2/abc", WarmMerge::newest},
    {"python", "cache/pip/wheels/1/a.whl", WarmMerge::unite},
    {"python", "cache/pip/selfcheck", WarmMerge::drop},
    {"python", "cache/uv/.lock", WarmMerge::drop},
    {"python", "cache/uv/archive-v0/x/uv.lock", WarmMerge::unite},
    {"python", "cache/pre-commit/db.db", WarmMerge::whole},
    {"java", "home/.m2/repository/a/a/1/a-1.jar", WarmMerge::unite},
    {"java", "home/.m2/repository/a/a/1/a-1.jar.lastUpdated", WarmMerge::drop},
    {"java", "home/.m2/repository/a/a/1/_remote.repositories", WarmMerge::newest},
    {"java", "home/.m2/repository/a/a/1-SNAPSHOT/a-1-SNAPSHOT.jar", WarmMerge::newest},
    {"java", "cache/gradle/caches/modules-2/files-2.1/a/a.jar", WarmMerge::unite},
    {"java", "cache/gradle/caches/modules-2/metadata-2.106/module-metadata.bin", WarmMerge::whole},
    {"java", "cache/gradle/caches/modules-2/modules-2.lock", WarmMerge::drop},
};

// The rule that counts for the path, as a save finds it.
const WarmRule* rule_for(const std::vector<WarmRule>& rules, std::string_view path) {
  const auto found = std::ranges::find_if(rules, [&](const WarmRule& rule) { return matches_pattern(rule.pattern, path); });
  return found == rules.end() ? nullptr : &*found;
}

std::vector<WarmRule> rules_of(const WarmCache& cache) {
  std::vector<WarmRule> all;
  for (const WarmDirectory& directory : cache.directories) std::ranges::copy(caches::rules_of(directory), std::back_inserter(all));
  return all;
}

}  // namespace

TEST_CASE("the warm caches of the design are there", "[caches][warm]") {
  for (const char* name : {"cpp", "go", "java", "node", "python", "rust"}) {
    INFO(name);
    const WarmCache* cache = find_warm_cache(name);
    REQUIRE(cache != nullptr);
    CHECK(cache->name == name);
    CHECK_FALSE(cache->summary.empty());
    CHECK_FALSE(cache->directories.empty());
  }
  CHECK(find_warm_cache("go-build") == nullptr);
  CHECK(find_warm_cache("") == nullptr);
  CHECK(std::ranges::is_sorted(warm_caches(), {}, &WarmCache::name));
}

TEST_CASE("a save finds the class of every kind of file", "[caches][warm]") {
  for (const Expected& expected : kExpected) {
    INFO(expected.cache << ": " << expected.path);
    const std::vector<WarmRule> rules = rules_of(*find_warm_cache(expected.cache));
    const WarmRule* rule = rule_for(rules, expected.path);
    REQUIRE(rule != nullptr);
    CHECK(rule->merge == expected.merge);
  }
}

TEST_CASE("go finds no old entry in a generation, and a fresh time of its last trim", "[caches][warm]") {
  const WarmDirectory& build = find_warm_cache("go")->directories[0];
  CHECK(build.path == "cache/go-build");
  CHECK(build.times == WarmTimes::distant);
  for (const WarmRule& rule : caches::rules_of(build)) CHECK(rule.times == WarmTimes::distant);
  REQUIRE(build.start.size() == 1);
  CHECK(build.start[0].name == "trim.txt");
  CHECK(build.start[0].text == "{now}");
  for (const WarmRule& rule : caches::rules_of(find_warm_cache("go")->directories[1])) CHECK(rule.times == WarmTimes::kept);
}

TEST_CASE("credentials and installed programs are in no warm cache", "[caches][warm]") {
  for (const WarmCache& cache : warm_caches())
    for (const WarmDirectory& directory : cache.directories)
      for (const char* path : {"cache/cargo/credentials.toml", "cache/cargo/config.toml", "cache/cargo/bin", "cache/go/bin",
                               "cache/conan2/credentials.json", "cache/conan2/remotes.json", "home/.m2/settings.xml",
                               "cache/gradle/gradle.properties", "cache/xdg/pypoetry/virtualenvs"}) {
        INFO(cache.name << ": " << directory.path << " and " << path);
        CHECK_FALSE(is_within("/" + std::string(path), "/" + std::string(directory.path)));
      }
}

TEST_CASE("ccache has one place where touches cost nothing, and one where they do", "[caches][warm]") {
  const WarmCache& cpp = *find_warm_cache("cpp");
  for (const WarmDirectory& directory : cpp.directories) {
    if (directory.path == "cache/ccache") CHECK(directory.when == WarmWhen::metacopy);
    if (directory.path == "cache/ccache-files") CHECK(directory.when == WarmWhen::plain);
  }
  for (const WarmVariable& variable : cpp.environment)
    CHECK((variable.when == WarmWhen::plain) == variable.name.starts_with("CCACHE_REMOTE_"));
}
