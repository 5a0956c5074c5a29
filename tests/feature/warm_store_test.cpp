// `stepbox warm` from outside: its verbs, and a store that is whole whenever a save is killed.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <thread>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

// STEPBOX_TEST_KILLS=300 asks for more.
int kills() {
  const char* chosen = std::getenv("STEPBOX_TEST_KILLS");
  return chosen != nullptr ? std::atoi(chosen) : 25;
}

fs::path store_of(const Place& place) { return place.root() / "out/store"; }
// What a step left: the layout of a generation.
fs::path left_by_step(const Place& place) { return place.root() / "out/left"; }

Command warm_command(const Place& place, std::vector<std::string> words) {
  words.insert(words.begin(), {program("stepbox"), "warm"});
  Command command = place.command(words);
  command.environment.push_back("STEPBOX_WARM_STORE=" + store_of(place).string());
  return command;
}

Run warm(const Place& place, std::vector<std::string> words) { return run(warm_command(place, std::move(words))); }

Run save(const Place& place) { return warm(place, {"save", "go", "--from", left_by_step(place)}); }

void leave(const Place& place, const std::string& file, std::string_view text) {
  const fs::path path = left_by_step(place) / "cache/go-build" / file;
  for (const fs::path& above : {left_by_step(place), left_by_step(place) / "cache", path.parent_path().parent_path(), path.parent_path()})
    if (!fs::exists(above)) place.make_directory(above);
  place.make_file(path, text);
}

// "": no generation yet. Else the content of one file, and whether the whole generation is as its manifest says.
std::string newest_content(const Place& place) {
  const Run path = warm(place, {"path", "go"});
  if (path.code() != 0) return "";
  return read_file(fs::path(path.out.substr(0, path.out.size() - 1)) / "cache/go-build/00/version");
}

std::string id_of_newest(const Place& place) {
  const Json listed = Json::parse(warm(place, {"list", "--json"}).out);
  for (const Json& one : listed.at("generations"))
    if (one.at("newest") == "yes") return one.at("id");
  return "";
}

}  // namespace

TEST_CASE("the verbs of stepbox warm make, show, check, carry and remove generations", "[warm-store]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  leave(place, "00/version", "1");
  leave(place, "00/kept", "kept");
  CHECK(warm(place, {"list"}).out.starts_with("there is no generation"));
  const Run first = save(place);
  INFO(first);
  REQUIRE(first.code() == 0);
  CHECK(first.out.starts_with("saved go 000001-"));
  CHECK(save(place).out.find("holds all of it already") != std::string::npos);
  leave(place, "00/version", "2");
  CHECK(save(place).out.find("1 B in 1 new ones") != std::string::npos);
  CHECK(newest_content(place) == "2");

  const Json listed = Json::parse(warm(place, {"list", "go", "--json"}).out).at("generations");
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].at("newest") == "yes");
  CHECK(listed[0].at("in_use") == "no");
  CHECK(listed[0].at("files") == "2");
  CHECK(warm(place, {"show", "go", "--files"}).out.find("cache/go-build/00/kept") != std::string::npos);
  CHECK(warm(place, {"path"}).out == store_of(place).string() + "\n");
  CHECK(warm(place, {"verify"}).code() == 0);

  const fs::path packed = place.root() / "out/go.tar.zst";
  REQUIRE(warm(place, {"pack", "go", packed}).code() == 0);
  const Run unpacked = warm(place, {"unpack", packed, "--as", "other"});
  INFO(unpacked);
  CHECK(unpacked.code() == 0);
  CHECK(Json::parse(warm(place, {"list", "other", "--json"}).out).at("generations")[0].at("digest") == listed[0].at("digest"));

  CHECK(warm(place, {"prune", "go", "--keep", "1"}).out.starts_with("removed go 000001-"));
  CHECK(warm(place, {"prune", "--all"}).code() == 0);
  CHECK(warm(place, {"list"}).out.starts_with("there is no generation"));
}

TEST_CASE("the caller's own caches outside of boxes can be saved, by the rules of the warm cache", "[warm-store]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run refused = warm(place, {"save", "go"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("there is nothing of the warm cache 'go'") != std::string::npos);
  for (const char* directory : {".cache", ".cache/go-build", ".cache/go-build/00"}) place.make_directory(place.home() / directory);
  place.make_file(place.home() / ".cache/go-build/00/version", "mine");
  place.make_file(place.home() / ".cache/go-build/trim.txt", "1");
  const Run saved = warm(place, {"save", "go"});
  INFO(saved);
  REQUIRE(saved.code() == 0);
  CHECK(newest_content(place) == "mine");
  CHECK(warm(place, {"show", "go", "--files"}).out.find("trim.txt") == std::string::npos);
  CHECK(what_is_wrong_with_refusal(warm(place, {"save", "own"})).empty());
}

TEST_CASE("nobody but its owner can enter a store", "[warm-store]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  leave(place, "00/version", "1");
  Command strange = warm_command(place, {"save", "go", "--from", left_by_step(place)});
  strange.prepare = [] { ::umask(0); };
  REQUIRE(run(strange).code() == 0);
  for (const char* below : {"", "go", "go/generations"}) {
    struct stat status {};
    REQUIRE(::lstat((store_of(place) / below).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
    CHECK(status.st_uid == uid_of(caller));
  }
  fs::permissions(store_of(place), static_cast<fs::perms>(0770));
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"list"}, {"show", "go"}, {"path", "go"}, {"verify"}, {"prune"}, {"save", "go", "--from", left_by_step(place)}}) {
    const Run refused = warm(place, words);
    INFO(refused);
    CHECK(what_is_wrong_with_refusal(refused).empty());
    CHECK(refused.err.find("can write to the warm store") != std::string::npos);
  }
}

TEST_CASE("a generation that differs is found, refused and removed", "[warm-store]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  leave(place, "00/version", "1");
  REQUIRE(save(place).code() == 0);
  leave(place, "00/version", "2");
  REQUIRE(save(place).code() == 0);
  const std::string id = id_of_newest(place);
  write_file(store_of(place) / "go/generations" / id / "tree/cache/go-build/00/version", "3");
  const Run verified = warm(place, {"verify", "go"});
  INFO(verified);
  CHECK(verified.code() == 1);
  CHECK(verified.out.find("'cache/go-build/00/version' was changed") != std::string::npos);
  const Run refused = warm(place, {"path", "go"});
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find(id) != std::string::npos);
  CHECK(warm(place, {"prune"}).out.find("removed go " + id) != std::string::npos);
  CHECK(newest_content(place) == "1");
}

TEST_CASE("an archive that stepbox has not packed is refused", "[warm-store]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path file = place.make_file(place.root() / "out/bad.tar.zst", "no archive at all");
  const Run refused = warm(place, {"unpack", file});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("bad.tar.zst") != std::string::npos);
}

TEST_CASE("a missing companion is named, with the remedy", "[warm-store]") {
  const Place place(callers().front());
  const fs::path alone = place.make_directory(place.root() / "out/bin") / "stepbox";
  fs::copy_file(program("stepbox"), alone);
  const Run refused = run(place.command({alone, "warm", "list"}));
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("stepbox-warm is missing") != std::string::npos);
}

// Every file of a generation says the same version, so a mix of two would show; and the digest says so as well.
TEST_CASE("whenever a save is killed, the store has the old generation or the new one, and nothing is left", "[warm-store]") {
  constexpr int kFiles = 60;
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto leave_version = [&](int version) {
    for (int file = 0; file < kFiles; ++file) leave(place, "00/" + std::to_string(file), std::to_string(version));
    leave(place, "00/version", std::to_string(version));
  };
  leave_version(0);
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(save(place).code() == 0);
  const auto whole_save = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
  std::mt19937 random(4711);
  std::uniform_int_distribution<long> instant(0, whole_save.count() * 3 / 2);
  std::string before = "0";
  int killed = 0;
  for (int i = 1; i <= kills(); ++i) {
    CAPTURE(i);
    leave_version(i);
    {
      const Process saving(warm_command(place, {"save", "go", "--from", left_by_step(place)}));
      std::this_thread::sleep_for(std::chrono::microseconds(instant(random)));
      saving.signal(SIGKILL);
    }
    const std::string content = newest_content(place);
    CHECK((content == before || content == std::to_string(i)));
    killed += content == before;
    CHECK_FALSE(fs::exists(store_of(place) / "go/unfinished"));
    const Run verified = warm(place, {"verify", "go"});
    INFO(verified);
    CHECK(verified.code() == 0);
    before = content;
  }
  // Else the kills came too late to show anything.
  CHECK(killed > 0);
  leave_version(kills() + 1);
  CHECK(save(place).code() == 0);
  CHECK(newest_content(place) == std::to_string(kills() + 1));
}

}  // namespace stepbox::feature
