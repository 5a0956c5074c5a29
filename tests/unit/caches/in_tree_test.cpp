#include "caches/in_tree.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace stepbox::caches;

namespace {

// "cargo target/", or an empty text.
std::string place(std::string_view path, bool is_directory, std::vector<std::string> beside = {}) {
  const auto found = in_tree_place(path, is_directory, [&](const char* name) { return std::ranges::count(beside, name) > 0; });
  return found ? std::string(found->tool->name) + " " + std::string(found->name) + " " + std::to_string(found->levels) : std::string();
}

}  // namespace

TEST_CASE("caches in a checkout are known by the end of their path", "[caches][in_tree]") {
  CHECK(place(".pytest_cache", true) == "pytest .pytest_cache/ 1");
  CHECK(place("a/b/.pytest_cache", true) == "pytest .pytest_cache/ 1");
  CHECK(place("node_modules", true) == "npm node_modules/ 1");
  CHECK(place("web/node_modules/.cache", true) == "find-cache-dir node_modules/.cache/ 2");
  CHECK(place("node_modules/.cache/turbo", true) == "turborepo node_modules/.cache/turbo/ 3");
  CHECK(place("my.pytest_cache", true).empty());
  CHECK(place(".pytest_cache/x", true).empty());
  CHECK(place(".cache", true).empty());
}

TEST_CASE("a name of a directory is none of a file, and the other way round", "[caches][in_tree]") {
  CHECK(place(".pytest_cache", false).empty());
  CHECK(place("a/.eslintcache", false) == "eslint .eslintcache 1");
  CHECK(place(".eslintcache", true).empty());
  CHECK(place("a/x.tsbuildinfo", false) == "typescript *.tsbuildinfo 1");
  CHECK(place("a/__pycache__/f.nbi", false) == "numba __pycache__/*.nbi 2");
  CHECK(place("a/f.nbi", false).empty());
}

TEST_CASE("a name with many meanings is a cache beside its tool's file only", "[caches][in_tree]") {
  CHECK(place("target", true).empty());
  CHECK(place("target", true, {"Cargo.toml"}) == "cargo target/ 1");
  CHECK(place("target", true, {"pom.xml"}) == "maven target/ 1");
  CHECK(place("crates/x/target", true, {"Cargo.toml"}) == "cargo target/ 1");
  CHECK(place("build", true, {"setup.py"}) == "python build/ 1");
  CHECK(place("build", true, {"build.gradle.kts"}) == "gradle build/ 1");
  CHECK(place("build", true, {"CMakeLists.txt"}).empty());
  CHECK(place("vendor", true, {"go.mod"}).empty());
  CHECK(place("obj", true, {"obj/project.assets.json"}) == "dotnet obj/ 1");
}
