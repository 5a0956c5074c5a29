#include "caches/look_up.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/text.hpp"

using namespace stepbox;
using namespace stepbox::caches;

namespace {

std::string_view tool_of(std::string_view word) {
  const Found found = look_up(word);
  return found.tool == nullptr ? std::string_view() : found.tool->name;
}

std::string_view ecosystem_of(std::string_view word) {
  const Found found = look_up(word);
  return found.ecosystem.empty() ? std::string_view() : found.ecosystem.front()->ecosystem;
}

}  // namespace

TEST_CASE("a tool is found by its name and by its other names", "[caches]") {
  CHECK(tool_of("npm") == "npm");
  CHECK(tool_of("mvn") == "maven");
  CHECK(tool_of("Maven") == "maven");
  CHECK(ecosystem_of("mvn").empty());
}

TEST_CASE("an ecosystem is found by the name that the listing prints, and by others", "[caches]") {
  for (const char* word : {"go", "GO", "golang"}) CHECK(ecosystem_of(word) == "go");
  for (const char* word : {"gcc", "g++", "cmake"}) CHECK((ecosystem_of(word) == "c-cpp" || tool_of(word) == "cmake"));
  CHECK(ecosystem_of("node") == "node");
  CHECK(ecosystem_of("rust") == "rust");
  CHECK(ecosystem_of("rustc") == "rust");
  CHECK(ecosystem_of("ruby") == "ruby");
  CHECK(ecosystem_of("java") == "java");
  CHECK(tool_of("go").empty());
}

TEST_CASE("a word may name a tool and an ecosystem", "[caches]") {
  CHECK(tool_of("python") == "python");
  CHECK(ecosystem_of("python") == "python");
}

TEST_CASE("an unknown word finds nothing, and a misspelt one is near to a known word", "[caches]") {
  CHECK(tool_of("nothing-like-it").empty());
  CHECK(ecosystem_of("nothing-like-it").empty());
  CHECK(nearest("golagn", known_words()) == "golang");
  CHECK(nearest("erlnag", known_words()) == "erlang");
}
