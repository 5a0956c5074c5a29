#include "warm/save.hpp"

#include <sys/file.h>
#include <sys/stat.h>

#include "warm/layout.hpp"
#include "warm/warm_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using namespace stepbox::warm;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

time_t time_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mtim.tv_sec;
}

size_t generations_in(const WarmStore& world) {
  const auto ids = list_generations(world.cache().directory.get());
  REQUIRE(ids);
  return ids->size();
}

}  // namespace

TEST_CASE("a save keeps content, modes, links, empty directories and any names", "[warm]") {
  const WarmStore world;
  write(world.step("d/plain"), "plain");
  write(world.step("d/new\nline\xff"), "odd");
  write(world.step("d/" + std::string(255, 'n')), "long");
  write(world.step("d/tool"), "tool");
  ::chmod(world.step("d/tool").c_str(), 04755);
  fs::create_directories(world.step("empty"));
  write(world.step("ro/f"), "f");
  ::chmod(world.step("ro/f").c_str(), 0444);
  ::chmod(world.step("ro").c_str(), 0555);
  fs::create_symlink("../outside", world.step("d/link"));
  const SaveResult result = world.saved(world.request());
  CHECK(result.saving == Saving::saved);
  const std::string tree = world.tree_of(result.generation.id);
  CHECK(read(tree + "/d/plain") == "plain");
  CHECK(read(tree + "/d/new\nline\xff") == "odd");
  CHECK(read(tree + "/d/" + std::string(255, 'n')) == "long");
  CHECK(mode_of(tree + "/d/tool") == 0755);
  CHECK(mode_of(tree + "/ro") == 0555);
  CHECK(mode_of(tree + "/ro/f") == 0444);
  CHECK(fs::is_empty(tree + "/empty"));
  CHECK(fs::read_symlink(tree + "/d/link") == "../outside");
  CHECK(world.verified(result.generation.id).is_sound);
  CHECK_FALSE(world.has_leftovers());
  CHECK(mode_of(world.store()) == 0700);
  // So that the directory of the test can be removed.
  ::chmod(world.step("ro").c_str(), 0755);
  ::chmod((tree + "/ro").c_str(), 0755);
}

TEST_CASE("what did not change costs a link, and older generations stay as they are", "[warm]") {
  const WarmStore world;
  write(world.step("d/kept"), "kept");
  write(world.step("d/changed"), "1");
  std::vector<WarmGeneration> saved = {world.saved(world.request()).generation};
  for (int i = 2; i <= 3; ++i) {
    write(world.step("d/changed"), std::to_string(i));
    const SaveResult result = world.saved(world.request_upon_newest());
    CHECK(result.new_files == 1);
    CHECK(result.new_bytes == 1);
    CHECK(result.shared_files == 1);
    saved.push_back(result.generation);
    CHECK(saved.back().line == saved.front().id);
    CHECK(saved.back().began == saved.front().began);
  }
  for (size_t i = 0; i < saved.size(); ++i) {
    const std::string tree = world.tree_of(saved[i].id);
    CHECK(inode_of(tree + "/d/kept") == inode_of(world.tree_of(saved[0].id) + "/d/kept"));
    CHECK(read(tree + "/d/changed") == std::to_string(i + 1));
    CHECK(world.verified(saved[i].id).is_sound);
    CHECK_FALSE(world.verified(saved[i].id).was_sealed_again);
  }
}

TEST_CASE("a file with another mode or a removed file makes another generation", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  write(world.step("b"), "1");
  const std::string first = world.saved(world.request()).generation.id;
  ::chmod(world.step("a").c_str(), 0755);
  fs::remove(world.step("b"));
  const std::string second = world.saved(world.request_upon_newest()).generation.id;
  CHECK(mode_of(world.tree_of(first) + "/a") == 0644);
  CHECK(mode_of(world.tree_of(second) + "/a") == 0755);
  CHECK(fs::exists(world.tree_of(first) + "/b"));
  CHECK_FALSE(fs::exists(world.tree_of(second) + "/b"));
}

TEST_CASE("nothing is saved where nothing changed", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  const SaveResult first = world.saved(world.request());
  fs::last_write_time(world.step("a"), fs::file_time_type::clock::now() - std::chrono::hours(1));
  const SaveResult second = world.saved(world.request_upon_newest());
  CHECK(second.saving == Saving::unchanged);
  CHECK(second.generation == first.generation);
  CHECK(generations_in(world) == 1);
  CHECK_FALSE(world.has_leftovers());
}

TEST_CASE("a key that is known is not saved again", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  SaveRequest request = world.request();
  request.key = "k1";
  const SaveResult first = world.saved(request);
  write(world.step("a"), "2");
  request = world.request_upon_newest();
  request.key = "k1";
  const SaveResult second = world.saved(request);
  CHECK(second.saving == Saving::known);
  CHECK(second.generation.id == first.generation.id);
  CHECK(generations_in(world) == 1);

  SECTION("an unchanged generation gets a second key") {
    write(world.step("a"), "1");
    request.key = "k2";
    CHECK(world.saved(request).saving == Saving::unchanged);
    CHECK(world.saved(request).saving == Saving::known);
  }
}

TEST_CASE("rules drop paths, and directories with everything in them", "[warm]") {
  const WarmStore world;
  for (const char* path : {"trim.txt", "tmp/a", "tmp/b/c", "deep/x.lock", "kept"}) write(world.step(path), "1");
  SaveRequest request = world.request();
  request.rules = {{"cache/x/trim.txt", WarmMerge::drop}, {"cache/x/tmp", WarmMerge::drop}, {"cache/x/*.lock", WarmMerge::drop}};
  const SaveResult result = world.saved(request);
  const std::string tree = world.tree_of(result.generation.id);
  CHECK(result.generation.files == 1);
  CHECK(fs::exists(tree + "/kept"));
  CHECK_FALSE(fs::exists(tree + "/tmp"));
  CHECK(fs::is_empty(tree + "/deep"));
}

TEST_CASE("a rule sets times far ahead, and keeps them there", "[warm]") {
  const WarmStore world;
  write(world.step("far/a"), "1");
  write(world.step("near/a"), "1");
  SaveRequest request = world.request();
  request.rules = {{"cache/x/far/*", WarmMerge::unite, WarmTimes::distant}};
  const std::string first = world.saved(request).generation.id;
  CHECK(time_of(world.tree_of(first) + "/far/a") == 4'070'908'800);
  CHECK(time_of(world.tree_of(first) + "/near/a") == time_of(world.step("near/a")));
  // Touched in the box, with the same content: a link, and not the time of the touch.
  write(world.step("far/a"), "1");
  write(world.step("far/b"), "2");
  SaveRequest next = world.request_upon_newest();
  next.rules = request.rules;
  const SaveResult second = world.saved(next);
  CHECK(second.new_files == 1);
  CHECK(inode_of(world.tree_of(second.generation.id) + "/far/a") == inode_of(world.tree_of(first) + "/far/a"));
  CHECK(time_of(world.tree_of(second.generation.id) + "/far/a") == 4'070'908'800);
}

TEST_CASE("sockets, FIFOs and devices are left out and counted", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  REQUIRE(::mkfifo(world.step("fifo").c_str(), 0666) == 0);
  const SaveResult result = world.saved(world.request());
  CHECK(result.saving == Saving::saved);
  CHECK(result.left_out == 1);
  CHECK(result.generation.files == 1);
}

TEST_CASE("a file that cannot be read ends the save without a trace", "[warm]") {
  if (::geteuid() == 0) return;
  const WarmStore world;
  write(world.step("a"), "1");
  world.saved(world.request());
  write(world.step("b"), "2");
  ::chmod(world.step("b").c_str(), 0);
  const auto result = world.save(world.request_upon_newest());
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("cache/x/b") != std::string::npos);
  CHECK(generations_in(world) == 1);
  CHECK_FALSE(world.has_leftovers());
}

TEST_CASE("a huge file of nothing is refused before it is read", "[warm]") {
  const WarmStore world;
  write(world.step("sparse"), "1");
  REQUIRE(::truncate(world.step("sparse").c_str(), off_t{1} << 40) == 0);
  const auto result = world.save(world.request());
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("sparse") != std::string::npos);
}

TEST_CASE("a sparse file stays sparse", "[warm]") {
  const WarmStore world;
  write(world.step("sparse"), "1");
  REQUIRE(::truncate(world.step("sparse").c_str(), off_t{64} << 20) == 0);
  const std::string id = world.saved(world.request()).generation.id;
  struct stat status {};
  REQUIRE(::stat((world.tree_of(id) + "/sparse").c_str(), &status) == 0);
  CHECK(status.st_size == off_t{64} << 20);
  CHECK(status.st_blocks < 256);
  CHECK(world.verified(id).is_sound);
}

TEST_CASE("of two saves from one parent the later one is merged by the rules", "[warm]") {
  const WarmStore world;
  write(world.step("old"), "1");
  world.saved(world.request());
  SaveRequest ours = world.request_upon_newest();
  ours.rules = {{"*", WarmMerge::unite}};
  SaveRequest theirs = ours;
  write(world.step("theirs"), "2");
  world.saved(theirs);
  fs::remove(world.step("theirs"));
  write(world.step("ours"), "3");
  const SaveResult result = world.saved(ours);
  CHECK(result.saving == Saving::saved);
  CHECK(result.was_merged);
  CHECK(result.sentence.find("merged") != std::string::npos);
  const std::string tree = world.tree_of(result.generation.id);
  CHECK(read(tree + "/old") == "1");
  CHECK(read(tree + "/theirs") == "2");
  CHECK(read(tree + "/ours") == "3");
  CHECK(result.new_files == 1);
  CHECK(result.shared_files == 2);
  CHECK(world.verified(result.generation.id).is_sound);
}

TEST_CASE("of two saves from one parent the later one is discarded where nothing may be united", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  world.saved(world.request());
  const SaveRequest request = world.request_upon_newest();
  write(world.step("a"), "2");
  const SaveResult first = world.saved(request);
  write(world.step("a"), "3");
  const SaveResult second = world.saved(request);
  CHECK(second.saving == Saving::discarded);
  CHECK(second.sentence.find("another run has saved meanwhile") != std::string::npos);
  CHECK(second.sentence.find("cache/x/a") != std::string::npos);
  CHECK(current_id(world.store(), "x").value() == first.generation.id);
  CHECK(read(world.tree_of(first.generation.id) + "/a") == "2");
  CHECK_FALSE(world.has_leftovers());
}

TEST_CASE("a refresh begins a new line, and saves upon the old one are discarded", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  const WarmGeneration old = world.saved(world.request()).generation;
  const SaveRequest upon_old = world.request_upon_newest();
  SaveRequest fresh = upon_old;
  fresh.base = "";
  // Even with the same content: or the next refresh would be due at once.
  const SaveResult refreshed = world.saved(fresh);
  CHECK(refreshed.saving == Saving::saved);
  CHECK(refreshed.generation.line == refreshed.generation.id);
  CHECK(refreshed.generation.line != old.line);
  CHECK(refreshed.new_files == 0);
  write(world.step("b"), "2");
  const SaveResult late = world.saved(upon_old);
  CHECK(late.saving == Saving::discarded);
  CHECK(late.sentence.find("afresh") != std::string::npos);
}

TEST_CASE("a refresh replaces what was saved upon the old line meanwhile", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  world.saved(world.request());
  SaveRequest fresh = world.request_upon_newest();
  write(world.step("more"), "2");
  world.saved(fresh);
  fresh.base = "";
  fs::remove(world.step("more"));
  const SaveResult result = world.saved(fresh);
  CHECK(result.saving == Saving::saved);
  CHECK_FALSE(result.was_merged);
  CHECK_FALSE(fs::exists(world.tree_of(result.generation.id) + "/more"));
}

TEST_CASE("a refresh is due by age or size, and never by a clock that was put back", "[warm]") {
  WarmGeneration generation;
  generation.bytes = 100;
  generation.began = std::chrono::sys_seconds(std::chrono::hours(24 * 1000));
  WarmBounds bounds;
  const auto after = [&](int days) { return generation.began + std::chrono::hours(24 * days); };
  CHECK_FALSE(is_refresh_due(generation, bounds, after(400)));
  bounds.refresh_age = std::chrono::hours(24 * 7);
  CHECK_FALSE(is_refresh_due(generation, bounds, after(7)));
  CHECK(is_refresh_due(generation, bounds, after(8)));
  CHECK_FALSE(is_refresh_due(generation, bounds, after(-400)));
  bounds.refresh_bytes = 100;
  CHECK_FALSE(is_refresh_due(generation, bounds, after(0)));
  generation.bytes = 101;
  CHECK(is_refresh_due(generation, bounds, after(0)));
}

TEST_CASE("a generation larger than the maximum is discarded", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "12345");
  SaveRequest request = world.request();
  request.bounds.max_bytes = 4;
  const SaveResult result = world.saved(request);
  CHECK(result.saving == Saving::discarded);
  CHECK(result.sentence.find("maximum") != std::string::npos);
  CHECK(generations_in(world) == 0);
  request.bounds.max_bytes = 5;
  CHECK(world.saved(request).saving == Saving::saved);
}

TEST_CASE("a save that another one holds up for too long is discarded", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  world.saved(world.request());
  write(world.step("a"), "2");
  const auto lock = try_lock_cache(world.cache().directory.get());
  REQUIRE((lock && *lock));
  const SaveResult result = world.saved(world.request_upon_newest());
  CHECK(result.saving == Saving::discarded);
  CHECK(generations_in(world) == 1);
}

TEST_CASE("where an inode takes no more links a file is copied", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "content");
  const std::string first = world.saved(world.request()).generation.id;
  const std::string file = world.tree_of(first) + "/a";
  const std::string links = world.tree().directory("links");
  int made = 0;
  while (made < 70'000 && ::link(file.c_str(), (links + "/" + std::to_string(made)).c_str()) == 0) ++made;
  if (made == 70'000) {
    WARN("this file system takes any number of links: not seen");
    return;
  }
  REQUIRE(errno == EMLINK);
  write(world.step("b"), "2");
  const SaveResult result = world.saved(world.request_upon_newest());
  CHECK(result.saving == Saving::saved);
  const std::string copy = world.tree_of(result.generation.id) + "/a";
  CHECK(inode_of(copy) != inode_of(file));
  CHECK(read(copy) == "content");
  CHECK(time_of(copy) == time_of(file));
  CHECK(mode_of(copy) == mode_of(file));
  CHECK(world.verified(result.generation.id).is_sound);
}

TEST_CASE("overlapping directories, odd names and odd keys are refused", "[warm]") {
  const WarmStore world;
  write(world.step("a"), "1");
  const sys::Fd view(::open(world.step().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  SaveRequest request = world.request();
  request.directories = {{"cache/x", view.get()}, {"cache/x/d", view.get()}};
  CHECK_FALSE(save(request, {}));
  request.directories = {{"../x", view.get()}};
  CHECK_FALSE(save(request, {}));
  request.directories = {{"cache/x", view.get()}};
  request.key = "../k";
  CHECK_FALSE(save(request, {}));
  request.key = "";
  request.name = "../x";
  CHECK_FALSE(save(request, {}));
}
