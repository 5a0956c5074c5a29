// A set of outputs is the old one or the new one, whenever stepbox is killed.
//
// STEPBOX_TEST_KILLS sets the number of kills, STEPBOX_TEST_SEED repeats a run.
#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : otherwise;
}

constexpr int kFiles = 200;

// Writes files that all hold the same word.
std::vector<std::string> writing(const std::string& word) {
  return {"sh", "-ec", "cd /box/out; mkdir d; i=0; while [ $i -lt " + std::to_string(kFiles) + " ]; do echo " + word + " > d/$i; i=$((i+1)); done; echo " + word + " > one; echo " + word +
                           " > two; echo ready"};
}

// The words in the files of a set, and "(N files)" if it is not complete.
std::set<std::string> words_in(const fs::path& directory) {
  std::set<std::string> words;
  int files = 0;
  const auto add = [&](const fs::path& file) {
    ++files;
    words.insert(read_file(file));
  };
  for (const char* name : {"one", "two"})
    if (fs::exists(directory / name)) add(directory / name);
  if (fs::exists(directory / "d"))
    for (const auto& entry : fs::directory_iterator(directory / "d")) add(entry.path());
  if (files != kFiles + 2 && files != 0) words.insert("(" + std::to_string(files) + " files)");
  return words;
}

bool has_staging(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().filename().string().starts_with(".stepbox-outputs-")) return true;
  return false;
}

// Kills stepbox at a random instant after the step has written its files: before, while and after they are carried out.
void kill_in_export(const Command& step, std::chrono::microseconds after) {
  Process process(step);
  REQUIRE(process.waits_for("ready"));
  std::this_thread::sleep_for(after);
  process.signal(SIGKILL);
  process.finish();
}

std::chrono::microseconds time_of_export(const Place& place, const Command& step) {
  const Run whole = run(step);
  INFO(whole);
  REQUIRE(whole.code() == 0);
  return std::chrono::microseconds(static_cast<long>(place.report().at("time").at("export").get<double>() * 1e6));
}

}  // namespace

TEST_CASE("a directory of outputs is the old set or the new one at every instant of a kill", "[outputs-kill]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int seed = number_from("STEPBOX_TEST_SEED", static_cast<int>(std::random_device()()));
  CAPTURE(caller, seed);
  std::minstd_rand random(static_cast<unsigned>(seed));
  const Place place(caller);
  const fs::path to = place.root() / "to";
  const auto step = [&](const std::string& word) { return place.step({"--output", "/box/out", "--outputs-to", to}, writing(word)); };
  auto longest = time_of_export(place, step("first")) * 2;
  std::set<std::string> last = words_in(to);
  int replaced = 0;
  const int kills = number_from("STEPBOX_TEST_KILLS", 25);
  for (int i = 0; i < kills; ++i) {
    CAPTURE(i);
    const std::string word = "w" + std::to_string(i);
    kill_in_export(step(word), std::chrono::microseconds(random() % static_cast<unsigned>(longest.count())));
    const std::set<std::string> words = words_in(to);
    const bool is_new = words == std::set<std::string>{word + "\n"};
    // A run that was killed with all on the disk and only the rename to do: this one has done it for that run.
    const bool is_completed = words == std::set<std::string>{"w" + std::to_string(i - 1) + "\n"};
    CHECK((is_new || is_completed || words == last));
    replaced += is_new ? 1 : 0;
    // However busy the machine, half of the kills come before the set is visible, and half of them later.
    longest = is_new ? longest * 9 / 10 : longest * 11 / 10;
    last = words;
  }
  CHECK(replaced > 0);
  CHECK(replaced < kills);
  REQUIRE(run(place.step({"--output", "/box/out,required=false", "--outputs-to", to}, {"false"})).code() == 1);
  CHECK_FALSE(has_staging(place.root()));
  const std::set<std::string> words = words_in(to);
  CHECK((words == last || words == std::set<std::string>{"w" + std::to_string(kills - 1) + "\n"}));
}

TEST_CASE("a set in the checkout is whole again once the next run has started", "[outputs-kill]") {
  const Caller caller = GENERATE(from_range(callers()));
  const int seed = number_from("STEPBOX_TEST_SEED", static_cast<int>(std::random_device()()));
  CAPTURE(caller, seed);
  std::minstd_rand random(static_cast<unsigned>(seed));
  const Place place(caller);
  place.make_file(place.checkout() / "source.c", "source");
  const auto step = [&](const std::string& word) { return place.step({"--output", "/box/out/**"}, writing(word)); };
  auto longest = time_of_export(place, step("first")) * 2;
  std::set<std::string> last = words_in(place.checkout());
  int replaced = 0;
  const int kills = number_from("STEPBOX_TEST_KILLS", 25);
  for (int i = 0; i < kills; ++i) {
    CAPTURE(i);
    const std::string word = "w" + std::to_string(i);
    kill_in_export(step(word), std::chrono::microseconds(random() % static_cast<unsigned>(longest.count())));
    REQUIRE(run(place.step({"--output", "/box/out/**,required=false"}, {"false"})).code() == 1);
    const std::set<std::string> words = words_in(place.checkout());
    const bool is_new = words == std::set<std::string>{word + "\n"};
    CHECK((is_new || words == last));
    CHECK_FALSE(has_staging(place.checkout()));
    replaced += is_new ? 1 : 0;
    longest = is_new ? longest * 9 / 10 : longest * 11 / 10;
    last = words;
  }
  CHECK(replaced > 0);
  CHECK(replaced < kills);
  CHECK(read_file(place.checkout() / "source.c") == "source");
}

}  // namespace stepbox::feature
