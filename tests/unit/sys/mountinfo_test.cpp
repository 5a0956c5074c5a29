#include "sys/mountinfo.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace stepbox::sys;

namespace {

using Mounts = std::vector<HostMount>;

constexpr const char* kUsual =
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "23 22 0:21 / /proc rw,nosuid - proc proc rw\n"
    "98 22 0:44 /sub /mnt/data ro shared:7 master:2 propagate_from:1 - nfs4 host:/x rw,addr=1\n";

}  // namespace

TEST_CASE("each line of mountinfo is a mount with its path and type", "[sys][mountinfo]") {
  CHECK(parse_mountinfo(kUsual) == Mounts{{"/", "ext4", "/", "rw"}, {"/proc", "proc", "/", "rw"}, {"/mnt/data", "nfs4", "/sub", "rw,addr=1"}});
}

TEST_CASE("a line has any number of optional fields, or none", "[sys][mountinfo]") {
  CHECK(parse_mountinfo("1 2 0:1 / /a rw - tmpfs t rw") == Mounts{{"/a", "tmpfs", "/", "rw"}});
  CHECK(parse_mountinfo("1 2 0:1 / /a rw a:1 b:2 c:3 d - tmpfs t rw") == Mounts{{"/a", "tmpfs", "/", "rw"}});
}

TEST_CASE("octal escapes of the kernel are undone", "[sys][mountinfo]") {
  CHECK(parse_mountinfo("1 2 0:1 / /a\\040b\\011c\\012d\\134e rw - tmpfs t rw")[0].path == "/a b\tc\nd\\e");
  CHECK(parse_mountinfo("1 2 0:1 / /end\\040 rw - tmpfs t rw")[0].path == "/end ");
  CHECK(parse_mountinfo("1 2 0:1 / /a\\040-\\040b rw - tmpfs t rw")[0].path == "/a - b");
}

TEST_CASE("what is no escape stays as it is", "[sys][mountinfo]") {
  for (const char* path : {"/a\\", "/a\\0", "/a\\04", "/a\\08x", "/a\\999", "/a\\x40"}) {
    INFO(path);
    CHECK(parse_mountinfo("1 2 0:1 / " + std::string(path) + " rw - tmpfs t rw")[0].path == path);
  }
}

TEST_CASE("a line that makes no sense is left out, and the others are not", "[sys][mountinfo]") {
  for (const char* line : {"", " ", "garbage", "1 2 0:1 /", "1 2 0:1 / /a rw", "1 2 0:1 / /a rw -", "- - -"}) {
    INFO(line);
    CHECK(parse_mountinfo(line).empty());
    CHECK(parse_mountinfo(std::string(line) + "\n" + kUsual).size() == 3);
  }
}

TEST_CASE("no text whatever upsets the parser", "[sys][mountinfo]") {
  std::mt19937 random(20240613);
  std::string text = kUsual;
  for (int round = 0; round < 20'000; ++round) {
    switch (random() % 4) {
      case 0: text[random() % text.size()] = static_cast<char>(random()); break;
      case 1: text.insert(random() % text.size(), 1, " \n\\-0/"[random() % 6]); break;
      case 2: text.erase(random() % text.size(), 1); break;
      default:
        if (text.size() < 60 || text.size() > 900) text = kUsual;
        break;
    }
    const Mounts mounts = parse_mountinfo(text);
    REQUIRE(mounts.size() <= static_cast<size_t>(std::ranges::count(text, '\n')) + 1);
    for (const HostMount& mount : mounts) REQUIRE_FALSE(mount.path.empty());
  }
}

TEST_CASE("the mounts of this host have the root among them", "[sys][mountinfo]") {
  const auto mounts = read_mounts();
  REQUIRE(mounts);
  CHECK(std::ranges::count(*mounts, "/", &HostMount::path) >= 1);
}
