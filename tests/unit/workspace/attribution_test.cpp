#include "workspace/attribution.hpp"

#include <algorithm>

#include "sys/as_nobody.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::workspace;
using stepbox::test::AsNobody;
using stepbox::test::TempTree;

namespace {

std::string_view owner(std::string_view path) {
  if (path == "cache/go-build" || path.starts_with("cache/go-build/")) return "go-build";
  if (path.starts_with("cache/npm")) return "npm";
  return {};
}

std::vector<CacheUsage> attributed(const TempTree& tree, const std::string& path = "/box",
                                   const OwnerOf& owner_of = owner) {
  const sys::Fd root(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(root);
  return attribute(root.get(), path, owner_of);
}

const CacheUsage* at(const std::vector<CacheUsage>& found, std::string_view path) {
  const auto usage = std::ranges::find(found, path, &CacheUsage::path);
  return usage == found.end() ? nullptr : &*usage;
}

uint64_t files_in(const std::vector<CacheUsage>& found) {
  uint64_t sum = 0;
  for (const CacheUsage& usage : found) sum += usage.files;
  return sum;
}

}  // namespace

TEST_CASE("an empty tree has nothing to tell", "[workspace][attribution]") {
  const TempTree tree;
  CHECK(attributed(tree).empty());
  tree.directory("cache/go-build/00");
  CHECK(attributed(tree).empty());
}

TEST_CASE("what lies below a tool's directory is the tool's, summed", "[workspace][attribution]") {
  const TempTree tree;
  tree.file("cache/go-build/aa/one", 5000);
  tree.file("cache/go-build/bb/two", 5000);
  tree.file("cache/go-build/three", 100);
  const auto found = attributed(tree);
  REQUIRE(found.size() == 1);
  CHECK(found[0].tool == "go-build");
  CHECK(found[0].path == "/box/cache/go-build");
  CHECK(found[0].files == 3);
  CHECK(found[0].bytes >= 10'100);
}

TEST_CASE("the largest comes first", "[workspace][attribution]") {
  const TempTree tree;
  tree.file("cache/npm/x", 10'000);
  tree.file("cache/go-build/x", 200'000);
  tree.file("home/.tool/x", 50'000);
  const auto found = attributed(tree);
  REQUIRE(found.size() == 3);
  CHECK(found[0].tool == "go-build");
  CHECK(found[1].tool == "unknown");
  CHECK(found[1].path == "/box/home/.tool");
  CHECK(found[2].tool == "npm");
}

TEST_CASE("what nobody owns is told apart near the top only", "[workspace][attribution]") {
  const TempTree tree;
  tree.file("home/a/b/c/d/e", 5000);
  tree.file("home/a/b/x", 5000);
  tree.file("home/z", 5000);
  const auto found = attributed(tree);
  CHECK(found.size() == 2);
  REQUIRE(at(found, "/box/home/a/b") != nullptr);
  CHECK(at(found, "/box/home/a/b")->files == 2);
  REQUIRE(at(found, "/box/home") != nullptr);
  CHECK(at(found, "/box/home")->files == 1);
}

TEST_CASE("a volume of its own is seen under its own path", "[workspace][attribution]") {
  const TempTree tree;
  tree.file("go-build/x", 5000);
  const auto found = attributed(tree, "/box/cache");
  REQUIRE(found.size() == 1);
  CHECK(found[0].tool == "go-build");
  CHECK(found[0].path == "/box/cache/go-build");
}

TEST_CASE("a file with two names counts once", "[workspace][attribution]") {
  const TempTree tree;
  const std::string file = tree.file("cache/npm/a", 80'000);
  REQUIRE(::link(file.c_str(), (tree / "cache/npm/b").c_str()) == 0);
  tree.directory("cache/go-build");
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  auto found = attributed(tree);
  REQUIRE(found.size() == 1);
  CHECK(found[0].bytes == static_cast<uint64_t>(status.st_blocks) * 512);
  CHECK(found[0].files == 2);
  // Between two tools it is shared.
  REQUIRE(::rename((tree / "cache/npm/b").c_str(), (tree / "cache/go-build/b").c_str()) == 0);
  found = attributed(tree);
  REQUIRE(found.size() == 2);
  CHECK(found[0].bytes == found[1].bytes);
}

TEST_CASE("links are counted and never followed", "[workspace][attribution]") {
  const TempTree tree;
  tree.file("cache/npm/x", 5000);
  tree.link(".", "cache/npm/self");
  tree.link("../npm", "cache/npm/loop");
  tree.link("/", "cache/npm/root");
  tree.link("nowhere", "cache/npm/broken");
  const auto found = attributed(tree);
  REQUIRE(found.size() == 1);
  CHECK(found[0].files == 5);
}

TEST_CASE("other kinds of files are counted, and none is opened", "[workspace][attribution]") {
  const TempTree tree;
  tree.file("cache/npm/x", 5000);
  REQUIRE(::mkfifo((tree / "cache/npm/fifo").c_str(), 0600) == 0);  // opening it would wait for a writer
  CHECK(files_in(attributed(tree)) == 2);
}

TEST_CASE("any name will do", "[workspace][attribution]") {
  const TempTree tree;
  for (const char* name : {"new\nline", "\xff\xfe", "-rf", "...", "a b", "\\", "*"})
    tree.file(std::string("cache/npm/") + name + "/x", 5000);
  const auto found = attributed(tree);
  REQUIRE(found.size() == 1);
  CHECK(found[0].files == 7);
  tree.file("home/new\nline/x", 5000);
  CHECK(at(attributed(tree), "/box/home/new\nline") != nullptr);
}

TEST_CASE("a tree deeper than any path is walked to its bottom, and back", "[workspace][attribution]") {
  constexpr int kLevels = 3000;
  const TempTree tree;
  tree.file("a/first", 5000);
  tree.file("z/last", 5000);
  {
    sys::Fd at_level(::open(tree.directory("cache/npm").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < kLevels; ++i) {
      REQUIRE(::mkdirat(at_level.get(), "deep-directory", 0700) == 0);
      at_level = sys::Fd(::openat(at_level.get(), "deep-directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      REQUIRE(at_level);
    }
    const sys::Fd bottom(::openat(at_level.get(), "bottom", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::write(bottom.get(), "x", 1) == 1);
  }
  const auto found = attributed(tree);
  REQUIRE(at(found, "/box/cache/npm") != nullptr);
  CHECK(at(found, "/box/cache/npm")->files == 1);
  CHECK(files_in(found) == 3);
}

TEST_CASE("many directories side by side take one descriptor at a time", "[workspace][attribution]") {
  const TempTree tree;
  for (int i = 0; i < 300; ++i) tree.file("cache/npm/" + std::to_string(i) + "/x", 1);
  const size_t before = test::open_descriptors();
  CHECK(files_in(attributed(tree)) == 300);
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("a directory that cannot be read is left out, and the rest is not", "[workspace][attribution]") {
  const TempTree tree;
  ::chmod(tree.path().c_str(), 0755);
  for (const char* name : {"a", "m", "z"}) tree.file(std::string("cache/npm/") + name + "/x", 5000);
  REQUIRE(::chmod((tree / "cache/npm/m").c_str(), 0000) == 0);
  const size_t before = test::open_descriptors();
  const sys::Fd root(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::vector<CacheUsage> found;
  {
    const AsNobody nobody;
    found = attribute(root.get(), "/box", owner);
  }
  CHECK(files_in(found) == 2);
  CHECK(test::open_descriptors() == before + 1);
  ::chmod((tree / "cache/npm/m").c_str(), 0700);
}

TEST_CASE("a directory that can be listed but not entered does not end the walk",
          "[workspace][attribution]") {
  const TempTree tree;
  ::chmod(tree.path().c_str(), 0755);
  for (const char* name : {"a", "m", "z"}) tree.file(std::string("cache/npm/") + name + "/x", 5000);
  REQUIRE(::chmod((tree / "cache/npm/a").c_str(), 0444) == 0);
  REQUIRE(::chmod((tree / "cache/npm/m").c_str(), 0444) == 0);
  const sys::Fd root(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::vector<CacheUsage> found;
  {
    const AsNobody nobody;
    found = attribute(root.get(), "/box", owner);
  }
  CHECK(files_in(found) == 1);
  for (const char* name : {"a", "m"}) ::chmod((tree / ("cache/npm/" + std::string(name))).c_str(), 0700);
}

TEST_CASE("a root that is no directory has nothing to tell", "[workspace][attribution]") {
  const TempTree tree;
  const sys::Fd file(::open(tree.file("f", 10).c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(attribute(file.get(), "/box", owner).empty());
  CHECK(attribute(-1, "/box", owner).empty());
}
