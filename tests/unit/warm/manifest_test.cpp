#include "warm/manifest.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using namespace stepbox::warm;

namespace {

Entry file(std::string path, std::string_view content, uint32_t mode = 0644) {
  return {std::move(path), EntryType::file, mode, content.size(), digest::sha256(content)};
}
Entry directory(std::string path) { return {std::move(path), EntryType::directory, 0755, 0, {}}; }

Manifest sample() {
  Manifest manifest;
  manifest.generation = {.name = "go", .id = "000007-abc", .digest = {}, .key = "k1", .line = "000001-def"};
  manifest.generation.saved = std::chrono::sys_seconds(std::chrono::seconds(1'795'723'797));
  manifest.origin = {"01ARZ3", "bot", "/b/s/w", "0123abc"};
  manifest.tools = {"go 1.19.8"};
  manifest.directories = {"cache/go-build"};
  manifest.entries = {directory("cache"), directory("cache/go-build"), file("cache/go-build/a\n\xff", "content"),
                      {"cache/go-build/l", EntryType::link, 0777, 3, digest::sha256("a/b")}};
  count_entries(manifest);
  return manifest;
}

std::string with_entries(std::vector<Entry> entries) {
  Manifest manifest;
  manifest.generation.name = "go";
  manifest.entries = std::move(entries);
  count_entries(manifest);
  return to_text(manifest);
}

}  // namespace

TEST_CASE("a manifest comes back from its text", "[warm]") {
  const Manifest manifest = sample();
  const auto read = manifest_of_text(to_text(manifest));
  REQUIRE(read);
  CHECK(read->generation == manifest.generation);
  CHECK(read->origin == manifest.origin);
  CHECK(read->tools == manifest.tools);
  CHECK(read->directories == manifest.directories);
  CHECK(read->entries == manifest.entries);
  CHECK(read->generation.bytes == 7);
  CHECK(read->generation.files == 2);
}

TEST_CASE("a list that could lead outside, or that no save writes, is refused", "[warm]") {
  CHECK(manifest_of_text(with_entries({directory("a"), file("a/b", "")})));
  for (const char* path : {"../a", "/a", "a/../b", "a//b", "a/", ".", "..", "./a", ""}) {
    CAPTURE(path);
    CHECK_FALSE(manifest_of_text(with_entries({file(path, "")})));
  }
  CHECK_FALSE(manifest_of_text(with_entries({file(std::string(256, 'n'), "")})));
  CHECK_FALSE(manifest_of_text(with_entries({file("a", ""), file("a", "")})));
  CHECK_FALSE(manifest_of_text(with_entries({file("b", ""), file("a", "")})));
  CHECK_FALSE(manifest_of_text(with_entries({file("a/b", "")})));
  CHECK_FALSE(manifest_of_text(with_entries({file("a", ""), file("a/b", "")})));
  CHECK_FALSE(manifest_of_text(with_entries({{"a", EntryType::link, 0777, 1, digest::sha256("/")}, file("a/b", "")})));
  CHECK_FALSE(manifest_of_text(with_entries({file("a", "", 04755)})));
  CHECK_FALSE(manifest_of_text(with_entries({{"a", static_cast<EntryType>('c'), 0644, 0, {}}})));
}

TEST_CASE("a manifest whose sums do not fit its list is refused", "[warm]") {
  std::string text = to_text(sample());
  REQUIRE(manifest_of_text(text));
  const size_t at = text.find("0644 7 ");
  REQUIRE(at != std::string::npos);
  text.replace(at, 7, "0600 7 ");
  CHECK_FALSE(manifest_of_text(text));
  CHECK_FALSE(manifest_of_text(to_text(sample()).substr(0, 300)));
}

TEST_CASE("the digest of a tree counts path, type, mode, size and content", "[warm]") {
  const std::vector<Entry> entries = {directory("a"), file("a/b", "content")};
  const std::string digest = tree_digest(entries);
  CHECK(digest.size() == 64);
  CHECK(tree_digest(entries) == digest);
  CHECK(tree_digest({directory("a"), file("a/c", "content")}) != digest);
  CHECK(tree_digest({directory("a"), file("a/b", "contents")}) != digest);
  CHECK(tree_digest({directory("a"), file("a/b", "content", 0755)}) != digest);
  CHECK(tree_digest({directory("a")}) != digest);
  CHECK(tree_digest({file("a", ""), directory("b")}) != tree_digest({directory("a"), file("b", "")}));
}
