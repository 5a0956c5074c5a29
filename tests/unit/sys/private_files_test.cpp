#include "sys/private_files.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

std::string with_mode(const std::string& path, mode_t mode) {
  REQUIRE(::chmod(path.c_str(), mode) == 0);
  return path;
}

// Relative to the tree, a "/" behind directories, sorted.
std::string private_in(const TempTree& tree, const std::string& top) {
  const auto files = sys::private_files(top);
  if (!files) return "error: " + files.error().message;
  std::vector<std::string> names;
  for (const sys::PrivateFile& file : *files) names.push_back(file.path.substr(tree.path().size() + 1) + (file.is_directory ? "/" : ""));
  std::ranges::sort(names);
  return join(names, " ");
}

}  // namespace

TEST_CASE("a file is private when its owner may read it and others may not", "[sys]") {
  const TempTree tree;
  with_mode(tree.file("public"), 0644);
  with_mode(tree.file("key"), 0600);
  with_mode(tree.file("shadow"), 0640);
  with_mode(tree.file("deep/down/key"), 0400);
  tree.link("key", "link");
  REQUIRE(::mkfifo((tree / "fifo").c_str(), 0600) == 0);
  CHECK(private_in(tree, tree.path()) == "deep/down/key key shadow");
}

TEST_CASE("a directory that others may not enter is private as a whole, and one that they may is looked into", "[sys]") {
  const TempTree tree;
  with_mode(tree.file("closed/readable"), 0644);
  with_mode(tree / "closed", 0700);
  with_mode(tree.file("unlisted/readable"), 0644);
  with_mode(tree.file("unlisted/key"), 0600);
  with_mode(tree / "unlisted", 0711);
  CHECK(private_in(tree, tree.path()) == "closed/ unlisted/key");
}

TEST_CASE("a directory whose names its owner may not read is private as a whole", "[sys]") {
  const TempTree tree;
  with_mode(tree.file("closed/key"), 0600);
  with_mode(tree / "closed", 0111);
  // Permissions do not bind root.
  CHECK(private_in(tree, tree.path()) == (::geteuid() == 0 ? "closed/key" : "closed/"));
  with_mode(tree / "closed", 0755);
}

TEST_CASE("where there is no tree there is nothing private", "[sys]") {
  const TempTree tree;
  tree.file("file");
  tree.link(".", "link");
  for (const char* name : {"missing", "file", "link"}) CHECK(private_in(tree, tree / name) == "");
  const size_t before = open_descriptors();
  CHECK(private_in(tree, tree.path()) == "");
  CHECK(open_descriptors() == before);
}
