#include "sys/open_no_links.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using stepbox::test::TempTree;

TEST_CASE("a path is opened with and without openat2, and no link in it is followed", "[sys]") {
  const TempTree tree;
  tree.directory("a/b");
  tree.file("a/b/file");
  tree.link("a", "to-a");
  tree.link("file", "a/b/to-file");
  tree.link("nowhere", "a/dangling");
  const sys::Fd top(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto open = GENERATE(&sys::open_no_links, &sys::walk_no_links);
  // 0, or the errno.
  const auto result_of = [&](const std::string& path) {
    const sys::Fd fd(open(top.get(), path.c_str()));
    if (!fd) return errno;
    struct stat opened {}, named {};
    REQUIRE(::fstat(fd.get(), &opened) == 0);
    REQUIRE(::fstatat(top.get(), path.c_str(), &named, 0) == 0);
    CHECK(opened.st_ino == named.st_ino);
    CHECK((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    return 0;
  };
  CHECK(result_of(".") == 0);
  CHECK(result_of("a") == 0);
  CHECK(result_of("a/b/file") == 0);
  CHECK(result_of("a//b/") == 0);
  CHECK(result_of("a/../a/b") == 0);
  CHECK(result_of(tree.path() + "/a/b") == 0);
  CHECK(result_of("to-a") == ELOOP);
  CHECK(result_of("to-a/b") == ELOOP);
  CHECK(result_of("a/b/to-file") == ELOOP);
  CHECK(result_of("a/dangling") == ELOOP);
  CHECK(result_of("") == ENOENT);
  CHECK(result_of("missing") == ENOENT);
  CHECK(result_of("a/missing/b") == ENOENT);
  CHECK(result_of("a/b/file/x") == ENOTDIR);
  CHECK(result_of(std::string(300, 'n')) == ENAMETOOLONG);
}
