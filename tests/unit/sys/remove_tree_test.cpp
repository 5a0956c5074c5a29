#include "sys/remove_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using stepbox::test::TempTree;
namespace fs = std::filesystem;

namespace {

int removed(const fs::path& path) {
  const sys::Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(directory);
  return sys::remove_tree(directory.get());
}

// Deeper than any path can say.
void make_deep(const fs::path& path, int depth) {
  sys::Fd at(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string name(100, 'd');
  for (int i = 0; i < depth; ++i) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0755) == 0);
    at = sys::Fd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(at);
  }
  REQUIRE(sys::Fd(::openat(at.get(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644)));
}

}  // namespace

TEST_CASE("a tree is removed, whatever is in it", "[sys][remove-tree]") {
  const TempTree tree;
  tree.file("box/.removed-1/in/file", 10);
  tree.file("box/.removed-2", 10);
  tree.file("box/a/b/c/file", 10);
  tree.file("box/a/line\nbreak", 10);
  tree.directory("box/empty/empty");
  REQUIRE(::mkfifo((tree / "box/fifo").c_str(), 0644) == 0);
  make_deep(tree / "box", 100);
  CHECK(removed(tree / "box") == 0);
  CHECK_FALSE(fs::exists(tree / "box"));
}

TEST_CASE("a link is removed, not followed", "[sys][remove-tree]") {
  const TempTree tree;
  tree.file("kept/file", 10);
  tree.directory("box/in");
  fs::create_directory_symlink(tree / "kept", tree / "box/link");
  fs::create_directory_symlink(tree / "kept", tree / "box/in/link");
  CHECK(removed(tree / "box") == 0);
  CHECK(fs::exists(tree / "kept/file"));
}

TEST_CASE("rights that were taken away are no hindrance", "[sys][remove-tree]") {
  const TempTree tree;
  tree.file("box/locked/in/file", 10);
  tree.directory("box/sealed/below/below");
  for (const char* path : {"box/locked/in", "box/locked", "box/sealed/below", "box/sealed"})
    REQUIRE(::chmod((tree / path).c_str(), 0) == 0);
  const sys::Fd box(::open((tree / "box").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::chmod((tree / "box").c_str(), 0) == 0);
  CHECK(sys::remove_tree(box.get()) == 0);
  CHECK_FALSE(fs::exists(tree / "box"));
}

TEST_CASE("a tree that got another name is removed all the same, and one that is gone is no error", "[sys][remove-tree]") {
  const TempTree tree;
  tree.file("box/file", 10);
  const sys::Fd box(::open((tree / "box").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  fs::rename(tree / "box", tree / "moved");
  tree.file("box/of somebody else", 10);
  CHECK(sys::remove_tree(box.get()) == 0);
  CHECK_FALSE(fs::exists(tree / "moved"));
  CHECK(fs::exists(tree / "box/of somebody else"));
  CHECK(sys::remove_tree(box.get()) == 0);
}

// Two processes that have inherited the descriptor may be removing the tree, and one's place in the listing is then the other's.
TEST_CASE("removing a tree leaves the descriptor's place in the listing alone", "[sys][remove-tree]") {
  const TempTree tree;
  for (int i = 0; i < 10; ++i) tree.file("box/file-" + std::to_string(i), 1);
  const sys::Fd box(::open((tree / "box").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(sys::remove_tree(box.get()) == 0);
  CHECK(::lseek(box.get(), 0, SEEK_CUR) == 0);
  CHECK_FALSE(fs::exists(tree / "box"));
}
