#include "host/look_up_warm.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "sys/temp_tree.hpp"

using namespace stepbox;

namespace {

struct Tree : test::TempTree {
  void write(const std::string& name, const std::string& text) const { std::ofstream(*this / name) << text; }
  std::string key(const std::vector<std::string>& files) const {
    const auto key = host::key_of(path(), files);
    if (!key) FAIL(key.error().message);
    return *key;
  }
  std::string refusal(const std::string& file) const {
    const auto key = host::key_of(path(), {file});
    REQUIRE_FALSE(key);
    return key.error().message;
  }
};

}  // namespace

TEST_CASE("a key is the content of its files, and of their names", "[host][warm]") {
  const Tree tree;
  tree.write("go.sum", "one\n");
  const std::string first = tree.key({"go.sum"});
  CHECK(first.size() == 64);
  CHECK(tree.key({"go.sum"}) == first);
  tree.write("go.sum", "two\n");
  CHECK(tree.key({"go.sum"}) != first);
  tree.write("go.work", "two\n");
  CHECK(tree.key({"go.sum", "go.work"}) != tree.key({"go.work", "go.sum"}));
  CHECK(tree.key({"go.work"}) != tree.key({"go.sum"}));
  // A missing file is a state, too.
  CHECK(tree.key({"missing"}) != tree.key({"go.sum"}));
  CHECK(tree.key({"missing/below"}).size() == 64);
}

TEST_CASE("a key never reads what a checkout's link leads to, and never waits", "[host][warm]") {
  const Tree tree;
  tree.link("/etc/passwd", "link");
  CHECK(tree.refusal("link").ends_with("as the key of a warm cache: a symbolic link is on the way to it"));
  tree.link("/etc", "directory");
  CHECK(tree.refusal("directory/passwd").contains("a symbolic link is on the way to it"));
  REQUIRE(::mkfifo((tree / "fifo").c_str(), 0600) == 0);
  CHECK(tree.refusal("fifo").contains("it is no regular file"));
  std::filesystem::create_directory(tree / "d");
  CHECK(tree.refusal("d").contains("it is no regular file"));
  tree.write("large", "");
  std::filesystem::resize_file(tree / "large", (64ULL << 20) + 1);
  CHECK(tree.refusal("large").contains("it is larger than 64 MiB"));
}
