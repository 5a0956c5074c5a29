#include "workspace/private_directory.hpp"

#include <sys/stat.h>

#include <filesystem>

#include "sys/temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::workspace;
using stepbox::test::TempTree;
namespace fs = std::filesystem;

namespace {

PrivateDirectory created_in(const TempTree& tree) {
  auto made = PrivateDirectory::create(tree.path());
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

constexpr const char* kLeft = "stepbox-box-0123456789ab";

}  // namespace

TEST_CASE("the place is what TMPDIR says, where that is a directory", "[workspace][private]") {
  const TempTree tree;
  CHECK(place_for_private_directories(tree.path() + "/") == tree.path());
  CHECK(place_for_private_directories("") == "/tmp");
  CHECK(place_for_private_directories("relative") == "/tmp");
  CHECK(place_for_private_directories("/no/such/place") == "/tmp");
}

TEST_CASE("a private directory is the caller's alone, and is removed with what is in it", "[workspace][private]") {
  const TempTree tree;
  PrivateDirectory directory = created_in(tree);
  struct stat status {};
  REQUIRE(::stat(directory.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
  fs::create_directories(directory.path() + "/a/b");
  const std::string path = directory.path();
  CHECK(directory.remove() == 0);
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a private directory goes with its object, which can be moved", "[workspace][private]") {
  const TempTree tree;
  {
    PrivateDirectory first = created_in(tree);
    const PrivateDirectory second = std::move(first);
    CHECK(fs::exists(second.path()));
    CHECK(first.path().empty());
  }
  CHECK(fs::is_empty(tree.path()));
}

TEST_CASE("a place that cannot be written to is an error with a remedy", "[workspace][private]") {
  const auto refused = PrivateDirectory::create("/proc");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.starts_with("cannot make a directory for the step in '/proc'"));
  CHECK(refused.error().hint == "set TMPDIR to a directory that you can write to");
}

TEST_CASE("what nobody looks after is swept, and nothing else", "[workspace][private]") {
  const TempTree tree;
  const PrivateDirectory held = created_in(tree);
  tree.file(std::string(kLeft) + "/file", 10);
  REQUIRE(::chmod((tree / kLeft).c_str(), 0700) == 0);
  for (const char* other : {"stepbox-box-0123456789ag", "stepbox-box-0123", "stepbox-box-0123456789abc", "mine"}) {
    tree.directory(other);
    REQUIRE(::chmod((tree / other).c_str(), 0700) == 0);
  }
  // Others could have put something into it.
  tree.directory("stepbox-box-ffffffffffff");
  REQUIRE(::chmod((tree / "stepbox-box-ffffffffffff").c_str(), 0755) == 0);
  const auto swept = sweep_private_directories(tree.path());
  REQUIRE(swept.size() == 1);
  CHECK(swept[0].path == tree / kLeft);
  CHECK(swept[0].error == 0);
  CHECK_FALSE(fs::exists(tree / kLeft));
  CHECK(fs::exists(held.path()));
  CHECK(fs::exists(tree / "stepbox-box-ffffffffffff"));
}
