#include "workspace/private_directory.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <cstdint>
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

TEST_CASE("a private directory inherits no access list, which its files would copy", "[workspace][private]") {
  const TempTree tree;
  // acl(5) as setxattr(2) takes it: the version, then tag, permissions and id of each entry.
  const struct {
    uint32_t version = 2;
    struct {
      uint16_t tag, permissions;
      uint32_t id;
    } entries[5] = {{0x01, 7, ~0U}, {0x02, 7, 4711}, {0x04, 5, ~0U}, {0x10, 7, ~0U}, {0x20, 5, ~0U}};
  } list;
  if (::setxattr(tree.path().c_str(), "system.posix_acl_default", &list, sizeof list, 0) != 0) {
    WARN("skipped: this file system has no access lists");
    return;
  }
  REQUIRE(fs::create_directory(tree / "control"));
  CHECK(::getxattr((tree / "control").c_str(), "system.posix_acl_default", nullptr, 0) > 0);
  const PrivateDirectory directory = created_in(tree);
  CHECK(::getxattr(directory.path().c_str(), "system.posix_acl_default", nullptr, 0) < 0);
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
