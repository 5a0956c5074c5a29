#include <catch2/catch.hpp>

#include "base/text.hpp"

using namespace stepbox;

TEST_CASE("a path lies within itself and its parents", "[base]") {
  CHECK(is_within("/box", "/box"));
  CHECK(is_within("/box/cache/go", "/box"));
  CHECK(is_within("/box", "/"));
  CHECK(is_within("/", "/"));
}

TEST_CASE("a common beginning of names is not a common directory", "[base]") {
  CHECK_FALSE(is_within("/boxes", "/box"));
  CHECK_FALSE(is_within("/box", "/box/cache"));
  CHECK_FALSE(is_within("/", "/box"));
}

TEST_CASE("normal paths have one slash between names and none at the end", "[base]") {
  CHECK(lexically_normal("/") == "/");
  CHECK(lexically_normal("//") == "/");
  CHECK(lexically_normal("/a//b///c/") == "/a/b/c");
  CHECK(lexically_normal("/./a/./b/.") == "/a/b");
}

TEST_CASE("two dots go up, and never above the root", "[base]") {
  CHECK(lexically_normal("/a/b/..") == "/a");
  CHECK(lexically_normal("/a/b/../../c") == "/c");
  CHECK(lexically_normal("/a/..") == "/");
  CHECK(lexically_normal("/..") == "/");
  CHECK(lexically_normal("/../../etc") == "/etc");
  CHECK(lexically_normal("/a/../..//../b") == "/b");
}

TEST_CASE("names that only look like dots are names", "[base]") {
  CHECK(lexically_normal("/...") == "/...");
  CHECK(lexically_normal("/.a/..b/c.") == "/.a/..b/c.");
  CHECK(lexically_normal("/a b/\xff") == "/a b/\xff");
}
