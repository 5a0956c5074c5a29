#include "sys/byte_lock.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "sys/temp_tree.hpp"

using namespace stepbox;
using sys::lock_free_byte;
using test::TempTree;
namespace fs = std::filesystem;

TEST_CASE("each holder has a byte of its own until it lets go", "[sys][byte-lock]") {
  const TempTree tree;
  const std::string place = tree / "locks";
  auto first = lock_free_byte(place, "ids", 2, 7).value();
  auto second = lock_free_byte(place, "ids", 2, 7).value();
  REQUIRE((first && second));
  CHECK(first->byte == 1);
  CHECK(second->byte == 0);
  CHECK_FALSE(lock_free_byte(place, "ids", 2, 0).value());
  first->file.close();
  CHECK(lock_free_byte(place, "ids", 2, 0).value()->byte == 1);
}

TEST_CASE("a file of locks is its owner's alone, and stays empty", "[sys][byte-lock]") {
  const TempTree tree;
  const std::string place = tree / "locks";
  REQUIRE(lock_free_byte(place, "ids", 1, 0).value());
  CHECK(fs::status(place).permissions() == fs::perms(0700));
  CHECK(fs::status(place + "/ids").permissions() == fs::perms(0600));
  CHECK(fs::file_size(place + "/ids") == 0);
}

TEST_CASE("a directory that others can write to holds no locks", "[sys][byte-lock]") {
  const TempTree tree;
  const std::string place = tree / "locks";
  REQUIRE(lock_free_byte(place, "ids", 1, 0).value());
  ::chmod(place.c_str(), 0770);
  CHECK_FALSE(lock_free_byte(place, "ids", 1, 0));
  ::chmod(place.c_str(), 0700);
  fs::create_directory_symlink(place, tree / "link");
  const auto refused = lock_free_byte(tree / "link", "ids", 1, 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("link") != std::string::npos);
  fs::rename(place + "/ids", tree / "elsewhere");
  fs::create_symlink(tree / "elsewhere", place + "/ids");
  CHECK_FALSE(lock_free_byte(place, "ids", 1, 0));
}
