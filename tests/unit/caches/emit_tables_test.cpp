#include "caches/emit_tables.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "caches/owner_patterns.hpp"

using namespace stepbox::caches;

namespace {

std::vector<source::Tool> tools_of(std::string_view yaml) {
  auto tools = source::read(yaml, "x.yaml", "x");
  REQUIRE(tools);
  return std::move(*tools);
}

std::vector<std::string> patterns_of(std::string_view yaml) {
  std::vector<std::string> patterns;
  for (const source::OwnerPattern& owner : source::owner_patterns(tools_of(yaml))) patterns.push_back(owner.pattern);
  return patterns;
}

}  // namespace

TEST_CASE("the list for scripts has a line for each redirect", "[caches]") {
  CHECK(source::redirect_list(tools_of(R"(
- tool: a
  note: why
  redirect:
    A: cache/a
    B: {path: "run/user/{uid}", mode: 0700}
    C: {path: run/c.sock, create: parent}
    D: {value: "1"}
)")) == "A\tcache/a\tdirectory\t0755\n"
        "B\trun/user/{uid}\tdirectory\t0700\n"
        "C\trun/c.sock\tparent\t0755\n"
        "D\t1\tnone\t0755\n");
}

TEST_CASE("the tables hold texts as C++ literals", "[caches]") {
  const std::string tables = source::cpp_tables(tools_of(R"(
- tool: a
  redirect: {A: cache/a}
  note: "say \"\\ and\n1"
)"));
  CHECK(tables.find(R"({"A", "cache/a", Create::directory, 0755, When::always, false, )") != std::string::npos);
  CHECK(tables.find(R"("say \"\\ and\0121")") != std::string::npos);
  CHECK(tables.find(R"({"cache/a", 0})") != std::string::npos);
}

TEST_CASE("a default path is owned wherever it can lie in the box", "[caches]") {
  using Patterns = std::vector<std::string>;
  CHECK(patterns_of("- {tool: a, default_paths: [~/.a]}") == Patterns{"home/.a"});
  CHECK(patterns_of("- {tool: a, default_paths: [/tmp/a-<id>]}") == Patterns{"tmp/a-*"});
  CHECK(patterns_of("- {tool: a, default_paths: [/var/tmp/a, /dev/shm/a]}") == Patterns{"var-tmp/a", "shm/a"});
  CHECK(patterns_of("- {tool: a, default_paths: [/opt/a, <prefix>/a]}") == Patterns{});
  CHECK(patterns_of("- {tool: x, shared: true, redirect: {XDG_CACHE_HOME: cache/xdg}}\n"
                    "- {tool: a, default_paths: [~/.cache/a]}") == Patterns{"home/.cache/a", "cache/xdg/a"});
}

TEST_CASE("the most specific pattern is first, and flags own nothing", "[caches]") {
  using Patterns = std::vector<std::string>;
  CHECK(patterns_of(
            "- {tool: a, redirect: {A: cache/a, B: {path: cache/a/b, create: parent}, C: {value: x/y}}, note: n}") ==
        Patterns{"cache/a/b", "cache/a"});
  CHECK(patterns_of("- {tool: a, default_paths: [/tmp/ab<id>]}\n- {tool: b, default_paths: [/tmp/abc<id>]}") ==
        Patterns{"tmp/abc*", "tmp/ab*"});
}
