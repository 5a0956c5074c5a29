#include "sys/entry_attributes.hpp"

#include <fcntl.h>
#include <sys/xattr.h>

#include <array>

#include "sys/fd.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using stepbox::test::TempTree;

namespace {

constexpr std::array<std::string_view, 1> kApart = {"user.apart."};

}  // namespace

TEST_CASE("attributes of entries are read and compared without opening them", "[sys][entry_attributes]") {
  const TempTree tree;
  for (const char* name : {"a", "b"}) tree.file(name);
  REQUIRE(::chmod((tree / "a").c_str(), 0600) == 0);
  const auto set = [&](const char* file, const char* name, const std::string& value) {
    return ::setxattr((tree / file).c_str(), name, value.data(), value.size(), 0) == 0;
  };
  if (!set("a", "user.one", "x")) {
    WARN("SKIPPED: this file system has no extended attributes");
    return;
  }
  const sys::Fd directory(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const int at = directory.get();
  const auto same = [&] {
    const sys::Fd a(::openat(at, "a", O_RDONLY | O_CLOEXEC)), b(::openat(at, "b", O_RDONLY | O_CLOEXEC));
    const bool by_name = sys::have_same_attributes(at, "a", at, "b", kApart);
    CHECK(sys::have_same_attributes(a.get(), b.get(), kApart) == by_name);
    return by_name;
  };
  CHECK(sys::attribute_of(at, "a", "user.one") == "x");
  CHECK(sys::attribute_of(at, "b", "user.one") == std::nullopt);
  CHECK(sys::attribute_of(at, "nothing", "user.one") == std::nullopt);
  CHECK_FALSE(same());
  REQUIRE(set("b", "user.one", "y"));
  CHECK_FALSE(same());
  REQUIRE(set("b", "user.one", "x"));
  CHECK(same());
  REQUIRE(set("a", "user.apart.x", "1"));
  CHECK(same());
  const std::string large(3000, 'v');
  REQUIRE(set("a", "user.large", large));
  CHECK(sys::attribute_of(at, "a", "user.large") == large);
  CHECK_FALSE(same());
  // A link has none of its own, and is not followed.
  tree.link("a", "link");
  CHECK(sys::attribute_of(at, "link", "user.one") == std::nullopt);
  const sys::Fd inside(::open(tree.directory("d").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(set("d", "user.one", "x"));
  CHECK(sys::attribute_of(inside.get(), ".", "user.one") == "x");
}
