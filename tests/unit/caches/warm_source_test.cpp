#include "caches/warm_source.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace stepbox;
using namespace stepbox::caches;

namespace {

constexpr std::string_view kRegistry = R"(
- tool: demo
  redirect:
    DEMO_CACHE: cache/demo
  default_paths: [~/.demo]
- tool: other
  redirect:
    OTHER_CACHE: cache/other
)";

Result<std::vector<source::Tool>> registry() { return source::read(kRegistry, "caches.yaml", "demos"); }

// The error of a file, or "" when it is accepted.
std::string fault_in(std::string_view yaml) {
  const auto cache = source::read_warm(yaml, "w.yaml", "demo");
  if (!cache) return cache.error().message;
  const auto tools = registry();
  REQUIRE(tools);
  const auto checked = source::check_warm({&*cache, 1}, *tools);
  return checked ? "" : checked.error().message;
}

struct Case {
  std::string_view yaml;
  std::string_view fault;
};

const Case kFaults[] = {
    {"summary: x\n", "w.yaml:1:1: no list of directories"},
    {"directories: [{path: cache/demo, merge: unite}]\n", "w.yaml:1:1: no summary"},
    {"sumary: x\n", "w.yaml:1:1: unknown field 'sumary'; did you mean 'summary'?"},
    {"summary: x\ndirectories: [cache/demo]\n", "w.yaml:2:15: a directory is no map"},
    {"summary: x\ndirectories: [{merge: unite}]\n", "w.yaml:2:15: a directory without path"},
    {"summary: x\ndirectories: [{path: cache/demo}]\n", "w.yaml:2:15: a directory without merge"},
    {"summary: x\ndirectories: [{path: /cache/demo, merge: unite}]\n", "w.yaml:2:22: path '/cache/demo' is absolute; it begins with a volume, as in cache/NAME"},
    {"summary: x\ndirectories: [{path: cache, merge: unite}]\n", "w.yaml:2:22: path is a whole volume"},
    {"summary: x\ndirectories: [{path: 'cache/{uid}', merge: unite}]\n", "w.yaml:2:22: path has a placeholder"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: drop}]\n", "w.yaml:2:41: merge is one of unite, newest, whole, exclusive"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite, when: never}]\n", "w.yaml:2:54: when is one of always, plain, metacopy"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite, times: kept}]\n", "w.yaml:2:55: times can only be 'distant'"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite, drop: ['**/x']}]\n", "w.yaml:2:55: pattern '**/x' has a '**': one * matches slashes too"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite, drop: ['*']}]\n", "w.yaml:2:55: pattern '*' matches everything: that is the directory's merge"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite, drop: [../x]}]\n", "w.yaml:2:55: pattern '../x' has a '.' or '..' component"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite, drop: [a], rules: {a: whole}}]\n", "w.yaml:2:67: pattern 'a' again; first at w.yaml:2:55"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite, start: {now.txt: '{now}'}}]\n",
     "w.yaml:2:56: 'now.txt' is written before each step, so drop must name it"},
    {"summary: x\ndirectories: [{path: cache/nobody, merge: unite}]\n",
     "w.yaml:2:22: 'cache/nobody' belongs to no tool of the registry, and no variable here leads to it"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite}, {path: cache/demo/sub, merge: unite}]\n",
     "w.yaml:2:56: 'cache/demo/sub' overlaps 'cache/demo' at w.yaml:2:22"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite}]\nenvironment: {DEMO_CACHE: x}\n",
     "w.yaml:3:15: 'DEMO_CACHE' is redirected at caches.yaml:4:5"},
    {"summary: x\ndirectories: [{path: cache/demo, merge: unite}]\nenvironment: {A: {when: plain}}\n", "w.yaml:3:18: A without value"},
};

}  // namespace

TEST_CASE("a warm cache is read with all its fields", "[caches][warm]") {
  const auto cache = source::read_warm(R"(
summary: what it holds
directories:
  - path: cache/demo
    when: metacopy
    merge: newest
    rules: {data/*: unite, "*.db": whole}
    drop: [trim.txt, lock]
    times: distant
    start: {trim.txt: "{now}"}
  - {path: home/.demo/x, merge: exclusive}
environment:
  DEMO_QUIET: "1"
  DEMO_STORE: {value: "file:{box}/cache/demo-files", when: plain}
verified: demo 1.0
note: why
)",
                                       "w.yaml", "demo");
  if (!cache) FAIL(cache.error().message);
  CHECK(cache->name == "demo");
  CHECK(cache->summary == "what it holds");
  CHECK(cache->verified == "demo 1.0");
  CHECK(cache->note == "why");
  REQUIRE(cache->directories.size() == 2);
  const source::WarmDirectory& first = cache->directories[0];
  CHECK(first.path.text == "cache/demo");
  CHECK(first.when == WarmWhen::metacopy);
  CHECK(first.merge == WarmMerge::newest);
  CHECK(first.times == WarmTimes::distant);
  REQUIRE(first.rules.size() == 4);
  // Those that drop come first, wherever they are written.
  CHECK(first.rules[0].pattern.text == "trim.txt");
  CHECK(first.rules[0].merge == WarmMerge::drop);
  CHECK(first.rules[2].pattern.text == "data/*");
  CHECK(first.rules[2].merge == WarmMerge::unite);
  CHECK(first.rules[3].merge == WarmMerge::whole);
  REQUIRE(first.start.size() == 1);
  CHECK(first.start[0].second == "{now}");
  CHECK(cache->directories[1].merge == WarmMerge::exclusive);
  CHECK(cache->directories[1].when == WarmWhen::always);
  REQUIRE(cache->environment.size() == 2);
  CHECK(cache->environment[0].value == "1");
  CHECK(cache->environment[1].when == WarmWhen::plain);
}

TEST_CASE("each mistake in a warm cache is found at its place", "[caches][warm]") {
  for (const Case& known : kFaults) {
    INFO(known.yaml);
    CHECK(fault_in(known.yaml) == known.fault);
  }
}

TEST_CASE("a directory that only a variable of the warm cache leads to is allowed", "[caches][warm]") {
  CHECK(fault_in("summary: x\ndirectories: [{path: cache/demo-files, merge: unite}]\nenvironment: {DEMO_STORE: 'file:{box}/cache/demo-files'}\n").empty());
}

TEST_CASE("two warm caches cannot cover one directory", "[caches][warm]") {
  const auto tools = registry();
  REQUIRE(tools);
  std::vector<source::WarmCache> caches;
  for (const char* name : {"a", "b"}) {
    auto cache = source::read_warm("summary: x\ndirectories: [{path: cache/demo, merge: unite}]\n", std::string(name) + ".yaml", name);
    REQUIRE(cache);
    caches.push_back(*cache);
  }
  const auto checked = source::check_warm(caches, *tools);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message == "b.yaml:2:22: 'cache/demo' overlaps 'cache/demo' at a.yaml:2:22");
}
