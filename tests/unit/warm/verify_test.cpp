#include "warm/verify.hpp"

#include <sys/stat.h>

#include "warm/layout.hpp"
#include "warm/prune.hpp"
#include "warm/warm_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using namespace stepbox::warm;
namespace fs = std::filesystem;

TEST_CASE("verify finds each kind of change, and the generation is refused from then on", "[warm]") {
  const WarmStore world;
  write(world.step("d/e/a"), "content");
  write(world.step("d/e/b"), "content");
  fs::create_symlink("a", world.step("d/e/l"));
  const std::string id = world.saved(world.request()).generation.id;
  const std::string deep = world.tree_of(id) + "/d/e";
  REQUIRE(world.verified(id).is_sound);
  std::string found;
  SECTION("content, with the old size and times") {
    struct stat before {};
    REQUIRE(::stat((deep + "/a").c_str(), &before) == 0);
    write(deep + "/a", "CONTENT");
    const timespec times[2] = {before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, (deep + "/a").c_str(), times, 0) == 0);
    found = "'cache/x/d/e/a' was changed";
  }
  SECTION("a mode") {
    REQUIRE(::chmod((deep + "/a").c_str(), 0755) == 0);
    found = "'cache/x/d/e/a' was changed";
  }
  SECTION("a set-id bit") {
    REQUIRE(::chmod((deep + "/a").c_str(), 04644) == 0);
    found = "'cache/x/d/e/a' was changed";
  }
  SECTION("a link") {
    fs::remove(deep + "/l");
    fs::create_symlink("b", deep + "/l");
    found = "'cache/x/d/e/l' was changed";
  }
  SECTION("a removed file") {
    fs::remove(deep + "/b");
    found = "'cache/x/d/e/b' is missing";
  }
  SECTION("a new file") {
    write(deep + "/c", "");
    found = "'cache/x/d/e/c' was added";
  }
  SECTION("a FIFO") {
    REQUIRE(::mkfifo((deep + "/c").c_str(), 0600) == 0);
    found = "'cache/x/d/e/c' was added";
  }
  SECTION("a file in place of a directory") {
    fs::remove_all(deep);
    write(deep, "");
    found = "'cache/x/d/e' was changed";
  }
  // A change so deep is found by a verify alone.
  const auto before = pin(world.store(), "x");
  CHECK((before && *before));
  const Verified verified = world.verified(id);
  CHECK_FALSE(verified.is_sound);
  REQUIRE_FALSE(verified.findings.empty());
  CHECK(verified.findings.front() == found);
  CHECK_FALSE(pin(world.store(), "x"));
  // It stays refused, whatever is done to its files.
  CHECK_FALSE(world.verified(id).is_sound);
}

TEST_CASE("a copied store is sealed again where its content is as saved", "[warm]") {
  const WarmStore world;
  write(world.step("d/a"), "content");
  const std::string id = world.saved(world.request()).generation.id;
  const std::string generation = world.store() + "/x/generations/" + id;
  fs::rename(generation, generation + ".old");
  REQUIRE(std::system(("cp -a '" + generation + ".old' '" + generation + "'").c_str()) == 0);
  REQUIRE_FALSE(pin(world.store(), "x"));
  const Verified verified = world.verified(id);
  CHECK(verified.is_sound);
  CHECK(verified.was_sealed_again);
  const auto pinned = pin(world.store(), "x");
  CHECK((pinned && *pinned));
  CHECK_FALSE(world.verified(id).was_sealed_again);
}

TEST_CASE("a manifest that was changed with its tree is found by the seal", "[warm]") {
  const WarmStore world;
  write(world.step("d/a"), "content");
  const std::string id = world.saved(world.request()).generation.id;
  const std::string generation = world.store() + "/x/generations/" + id;
  const auto manifest = manifest_of_text(read(generation + "/manifest"));
  REQUIRE(manifest);
  Manifest forged = *manifest;
  write(world.tree_of(id) + "/d/a", "CONTENT");
  for (Entry& entry : forged.entries)
    if (entry.type == EntryType::file) entry.content = digest::sha256("CONTENT");
  count_entries(forged);
  write(generation + "/manifest", to_text(forged));
  CHECK_FALSE(world.verified(id).is_sound);
}
