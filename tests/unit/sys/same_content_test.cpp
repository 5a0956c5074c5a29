#include "sys/same_content.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using stepbox::test::TempTree;
using sys::Sameness;

namespace {

Sameness compared(const TempTree& tree, const char* one, const char* other, uint64_t size) {
  const sys::Fd directory(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const sys::Fd first = sys::open_to_compare(directory.get(), one);
  const sys::Fd second = sys::open_to_compare(directory.get(), other);
  return first && second ? sys::same_content(first.get(), second.get(), size) : Sameness::unknown;
}

void write_at(const std::string& path, off_t at, char byte) {
  const sys::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::pwrite(file.get(), &byte, 1, at) == 1);
}

}  // namespace

TEST_CASE("files are compared to their last byte", "[sys][same_content]") {
  const TempTree tree;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{256} << 10, (size_t{256} << 10) + 1, size_t{3} << 20}) {
    INFO(size);
    tree.file("a", size);
    const std::string b = tree.file("b", size);
    CHECK(compared(tree, "a", "b", size) == Sameness::same);
    if (size == 0) continue;
    write_at(b, static_cast<off_t>(size - 1), 'y');
    CHECK(compared(tree, "a", "b", size) == Sameness::different);
    CHECK(compared(tree, "a", "b", size - 1) == Sameness::same);
  }
}

TEST_CASE("a hole is the same as zeros, and takes no time", "[sys][same_content]") {
  const TempTree tree;
  const off_t far = off_t{1} << 40;
  write_at(tree / "a", far, 'x');
  write_at(tree / "b", far, 'x');
  CHECK(compared(tree, "a", "b", far + 1) == Sameness::same);
  write_at(tree / "a", 1 << 20, '\0');
  CHECK(compared(tree, "a", "b", far + 1) == Sameness::same);
  write_at(tree / "b", far / 2, 'x');
  CHECK(compared(tree, "a", "b", far + 1) == Sameness::different);
  CHECK(compared(tree, "b", "a", far + 1) == Sameness::different);
}

TEST_CASE("what is no regular file, is too short or is behind a link is unknown", "[sys][same_content]") {
  const TempTree tree;
  tree.file("a", 10);
  tree.link("a", "link");
  REQUIRE(::mkfifo((tree / "fifo").c_str(), 0600) == 0);
  for (const char* other : {"link", "fifo", "nothing"}) CHECK(compared(tree, "a", other, 10) == Sameness::unknown);
  CHECK(compared(tree, "a", "a", 11) == Sameness::unknown);
}

TEST_CASE("a comparison leaves no access time behind", "[sys][same_content]") {
  const TempTree tree;
  const std::string file = tree.file("a", 10);
  const timespec times[2] = {{1, 0}, {2, 0}};
  REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
  CHECK(compared(tree, "a", "a", 10) == Sameness::same);
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK(status.st_atim.tv_sec == 1);
}
