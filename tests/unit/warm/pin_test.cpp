#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "warm/layout.hpp"
#include "warm/prune.hpp"
#include "warm/warm_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using namespace stepbox::warm;
namespace fs = std::filesystem;

TEST_CASE("where nothing was saved there is nothing to pin, and nothing is made", "[warm]") {
  const TempTree tree;
  const std::string store = tree / "store";
  for (int i = 0; i < 2; ++i) {
    const auto pinned = pin(store, "go", "key");
    REQUIRE(pinned);
    CHECK_FALSE(*pinned);
    CHECK(fs::exists(store) == (i == 1));
    fs::create_directory(store);
    ::chmod(store.c_str(), 0700);
  }
  CHECK(fs::is_empty(store));
}

TEST_CASE("a pin finds the newest generation, or the one with the key", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  SaveRequest request = world.request();
  request.key = "k1";
  const WarmGeneration first = world.saved(request).generation;
  write(world.step("a"), "2");
  request = world.request_upon_newest();
  request.key = "k2";
  const WarmGeneration second = world.saved(request).generation;

  const auto id_for = [&](const std::string& key) {
    const auto pinned = pin(world.store(), "x", key);
    REQUIRE(pinned);
    REQUIRE(*pinned);
    CHECK((*pinned)->has_key == key.starts_with("k"));
    CHECK(read((*pinned)->tree + "/cache/x/a") == ((*pinned)->generation == first ? "1" : "2"));
    return (*pinned)->generation.id;
  };
  CHECK(id_for("") == second.id);
  CHECK(id_for("k1") == first.id);
  CHECK(id_for("k2") == second.id);
  CHECK(id_for("unknown") == second.id);
}

TEST_CASE("a store that others can write to is refused with a remedy", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  world.saved(world.request());
  for (const std::string& path : {world.store(), world.store() + "/x"}) {
    for (const mode_t mode : {0720, 0702, 0777}) {
      REQUIRE(::chmod(path.c_str(), mode) == 0);
      const auto pinned = pin(world.store(), "x");
      REQUIRE_FALSE(pinned);
      CHECK(pinned.error().message.find(path) != std::string::npos);
      CHECK(pinned.error().hint.find("chmod 700") != std::string::npos);
    }
    REQUIRE(::chmod(path.c_str(), 0700) == 0);
  }
  CHECK(pin(world.store(), "x"));
}

TEST_CASE("a store of another user is refused", "[warm]") {
  if (::geteuid() != 0) return;
  const WarmStore world;
  write(world.step("a"), "1");
  world.saved(world.request());
  REQUIRE(::chown((world.store() + "/x").c_str(), 4711, 0) == 0);
  const auto pinned = pin(world.store(), "x");
  REQUIRE_FALSE(pinned);
  CHECK(pinned.error().message.find("4711") != std::string::npos);
}

TEST_CASE("a generation that was changed is refused", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  const std::string id = world.saved(world.request()).generation.id;
  const std::string generation = world.store() + "/x/generations/" + id;
  SECTION("an entry was added at the top of a cache") { write(world.tree_of(id) + "/new", ""); }
  SECTION("an entry was removed at the top of a cache") { fs::remove(world.tree_of(id) + "/a"); }
  SECTION("the top of a cache was replaced") {
    fs::rename(world.tree_of(id), world.tree_of(id) + ".old");
    fs::copy(world.tree_of(id) + ".old", world.tree_of(id), fs::copy_options::recursive);
  }
  SECTION("the manifest was changed") { write(generation + "/manifest", read(generation + "/manifest") + "tool x\n"); }
  SECTION("the seal is missing") { fs::remove(generation + "/seal"); }
  SECTION("the seal is cut off") { write(generation + "/seal", read(generation + "/seal").substr(0, 200)); }
  SECTION("the seal is another generation's") {
    write(world.step("a"), "2");
    const std::string other = world.saved(world.request_upon_newest()).generation.id;
    fs::copy_file(generation + "/seal", world.store() + "/x/generations/" + other + "/seal", fs::copy_options::overwrite_existing);
  }
  const auto pinned = pin(world.store(), "x");
  REQUIRE_FALSE(pinned);
  CHECK(pinned.error().message.find("is refused") != std::string::npos);
  CHECK(pinned.error().hint.find("stepbox warm verify x") != std::string::npos);
}

TEST_CASE("reading a generation, and saving upon it, does not change it", "[warm]") {
  const WarmStore world;
  write(world.step("d/a"), "1");
  const std::string id = world.saved(world.request()).generation.id;
  CHECK(read(world.tree_of(id) + "/d/a") == "1");
  write(world.step("d/b"), "2");
  world.saved(world.request_upon_newest());
  const auto pinned = pin_generation(world.store(), "x", id);
  REQUIRE(pinned);
  CHECK(*pinned);
}

TEST_CASE("the next pin removes what a killed save has left, but not what a living one is making", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  const std::string id = world.saved(world.request()).generation.id;
  write(world.store() + "/x/unfinished/new/tree/cache/x/half", "half");
  fs::copy(world.store() + "/x/generations/" + id, world.store() + "/x/generations/000002-abcdef", fs::copy_options::recursive);
  const auto current_of = [&] {
    const auto pinned = pin(world.store(), "x");
    REQUIRE(pinned);
    REQUIRE(*pinned);
    return (*pinned)->generation.id;
  };
  {
    const auto living = try_lock_cache(world.cache().directory.get());
    REQUIRE(living);
    REQUIRE(*living);
    CHECK(current_of() == id);
    CHECK(world.has_leftovers());
    CHECK(fs::exists(world.store() + "/x/generations/000002-abcdef"));
  }
  CHECK(current_of() == id);
  CHECK_FALSE(world.has_leftovers());
  CHECK_FALSE(fs::exists(world.store() + "/x/generations/000002-abcdef"));
}

TEST_CASE("a pinned generation stays whole while others are saved and removed", "[warm]") {
  const WarmStore world;
  write(world.step("d/a"), "0");
  world.saved(world.request());
  std::atomic<bool> is_over = false;
  std::atomic<int> missing = 0, pins = 0;
  std::thread reader([&] {
    while (!is_over) {
      const auto pinned = pin(world.store(), "x");
      if (!pinned || !*pinned) {
        ++missing;
        continue;
      }
      for (int look = 0; look < 5; ++look)
        if (!fs::exists((*pinned)->tree + "/cache/x/d/a")) ++missing;
      ++pins;
    }
  });
  for (int i = 1; i <= 40; ++i) {
    write(world.step("d/a"), std::to_string(i));
    SaveRequest request = world.request_upon_newest();
    request.bounds.keep = 1;
    request.patience = std::chrono::seconds(10);
    world.saved(request);
  }
  is_over = true;
  reader.join();
  CHECK(missing == 0);
  CHECK(pins > 0);
}

TEST_CASE("a pin lasts until the last copy of its descriptor is closed", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  const std::string id = world.saved(world.request()).generation.id;
  const auto prune_all = [&] {
    const Place cache = world.cache();
    const auto lock = try_lock_cache(cache.directory.get());
    REQUIRE((lock && *lock));
    const auto pruned = prune(cache, {}, Leave::none);
    REQUIRE(pruned);
    return *pruned;
  };
  sys::Fd copy;
  {
    const auto pinned = pin(world.store(), "x");
    REQUIRE((pinned && *pinned));
    copy = sys::Fd(::dup((*pinned)->lease.get()));
  }
  CHECK(prune_all().in_use == std::vector<std::string>{id});
  CHECK(read(world.tree_of(id) + "/a") == "1");
  copy.close();
  CHECK(prune_all().removed == std::vector<std::string>{id});
  CHECK_FALSE(fs::exists(world.tree_of(id)));
}
