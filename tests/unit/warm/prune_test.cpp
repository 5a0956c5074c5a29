#include "warm/prune.hpp"

#include "warm/catalogue.hpp"
#include "warm/layout.hpp"
#include "warm/warm_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using namespace stepbox::warm;
namespace fs = std::filesystem;

namespace {

// Generations whose file "a" is 1, 2, ...; each has 100 bytes of its own and shares 100.
std::vector<std::string> save_several(const WarmStore& world, int count) {
  std::vector<std::string> ids;
  write(world.step("shared"), std::string(100, 's'));
  for (int i = 1; i <= count; ++i) {
    write(world.step("own"), std::string(100, static_cast<char>('0' + i)));
    SaveRequest request = world.request_upon_newest();
    request.bounds.keep = 100;
    request.key = "k" + std::to_string(i);
    ids.push_back(world.saved(request).generation.id);
  }
  return ids;
}

Pruned pruned(const WarmStore& world, const WarmBounds& bounds, Leave leave = Leave::newest) {
  const Place cache = world.cache();
  const auto lock = try_lock_cache(cache.directory.get());
  REQUIRE((lock && *lock));
  auto result = prune(cache, bounds, leave);
  if (!result) FAIL(result.error().message);
  CHECK_FALSE(world.has_leftovers());
  return *result;
}

WarmBounds keeping(uint64_t count) {
  WarmBounds bounds;
  bounds.keep = count;
  return bounds;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("a prune keeps the newest generations, and their labels alone", "[warm]") {
  const WarmStore world;
  const Ids ids = save_several(world, 4);
  CHECK(pruned(world, keeping(2)).removed == Ids{ids[0], ids[1]});
  CHECK(pruned(world, keeping(2)).removed.empty());
  CHECK_FALSE(fs::exists(fs::symlink_status(world.store() + "/x/keys/k1")));
  CHECK(fs::exists(fs::symlink_status(world.store() + "/x/keys/k4")));
  CHECK(pruned(world, keeping(0)).removed == Ids{ids[2]});
  const auto pinned = pin(world.store(), "x");
  REQUIRE((pinned && *pinned));
  CHECK((*pinned)->generation.id == ids[3]);
}

TEST_CASE("a prune counts what generations share once", "[warm]") {
  const WarmStore world;
  const Ids ids = save_several(world, 4);
  WarmBounds bounds = keeping(100);
  bounds.max_bytes = 500;
  CHECK(pruned(world, bounds).removed.empty());
  bounds.max_bytes = 499;
  CHECK(pruned(world, bounds).removed == Ids{ids[0]});
  bounds.max_bytes = 1;
  CHECK(pruned(world, bounds).removed == Ids{ids[1], ids[2]});
}

TEST_CASE("a prune leaves what a box reads", "[warm]") {
  const WarmStore world;
  const Ids ids = save_several(world, 3);
  const auto oldest = pin_generation(world.store(), "x", ids[0]);
  REQUIRE((oldest && *oldest));
  const Pruned result = pruned(world, keeping(1));
  CHECK(result.in_use == Ids{ids[0]});
  CHECK(result.removed == Ids{ids[1]});
  CHECK(read(world.tree_of(ids[0]) + "/shared") == std::string(100, 's'));
  CHECK(pruned(world, keeping(1), Leave::none).removed == Ids{ids[2]});
  const auto pinned = pin(world.store(), "x");
  REQUIRE(pinned);
  CHECK_FALSE(*pinned);
}

TEST_CASE("a prune removes a generation that differs, and the one before it is the newest again", "[warm]") {
  const WarmStore world;
  const Ids ids = save_several(world, 3);
  write(world.tree_of(ids[2]) + "/own", "changed");
  REQUIRE_FALSE(world.verified(ids[2]).is_sound);
  REQUIRE_FALSE(pin(world.store(), "x"));
  const Pruned result = pruned(world, keeping(3));
  CHECK(result.removed == Ids{ids[2]});
  CHECK(result.newest == ids[1]);
  const auto pinned = pin(world.store(), "x");
  REQUIRE((pinned && *pinned));
  CHECK((*pinned)->generation.id == ids[1]);
}

TEST_CASE("the catalogue tells what is newest, in use and refused", "[warm]") {
  const WarmStore world;
  CHECK(list_names(world.store()).value().empty());
  const Ids ids = save_several(world, 3);
  const auto oldest = pin_generation(world.store(), "x", ids[0]);
  REQUIRE((oldest && *oldest));
  fs::remove(world.store() + "/x/generations/" + ids[1] + "/seal");
  CHECK(list_names(world.store()).value() == Ids{"x"});
  const auto listed = list_cache(world.store(), "x");
  REQUIRE((listed && *listed));
  REQUIRE((*listed)->size() == 3);
  const std::vector<Listed>& all = **listed;
  CHECK(all[0].generation.id == ids[2]);
  CHECK(all[0].is_newest);
  CHECK_FALSE(all[0].is_in_use);
  CHECK_FALSE(all[1].refusal.empty());
  CHECK(all[2].generation.id == ids[0]);
  CHECK(all[2].is_in_use);
  CHECK(all[2].refusal.empty());
}
