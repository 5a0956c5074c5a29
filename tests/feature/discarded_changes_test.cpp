// What stepbox says of the changes that went with an overlay: in the summary, the report, and with --diff.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "support/host.hpp"
#include "support/overlays.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

Run run_script(const Place& place, std::vector<std::string> options, const std::string& script) {
  options.insert(options.begin(), {"--source", "overlay"});
  return place.run_step(std::move(options), {"sh", "-euc", script});
}

// "deleted directory old" -> bytes
std::map<std::string, uint64_t> changed(const Json& source) {
  std::map<std::string, uint64_t> found;
  for (const Json& change : source.at("changed"))
    found[change.at("kind").get<std::string>() + " " + change.at("type").get<std::string>() + " " + change.at("path").get<std::string>()] = change.at("bytes");
  return found;
}

bool has_line(const Run& ran, std::string_view text) {
  return std::ranges::any_of(lines_of(ran.err), [&](const std::string& line) { return line.contains(text); });
}

void fill(const Place& place) {
  for (const char* name : {"stays", "modified", "touched", "old/a", "old/b", "renamed"}) {
    fs::create_directories((place.checkout() / name).parent_path());
    place.make_file(place.checkout() / name, std::string(1000, 'x'));
  }
  if (place.caller() == Caller::user) REQUIRE(::chown((place.checkout() / "old").c_str(), uid_of(place.caller()), gid_of(place.caller())) == 0);
}

constexpr const char* kScript = R"(
  printf y >> modified
  touch -d 2001-01-01 touched
  rm -r old
  mv renamed to
  printf new > added
  mkdir -p .pytest_cache/v empty
  head -c 5000 /dev/zero > .pytest_cache/v/x
)";

}  // namespace

TEST_CASE("the report lists what was discarded, and the host has none of it", "[changes]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run ran = run_script(place, {}, kScript);
  INFO(ran);
  REQUIRE(ran.code() == 0);
  const Json source = place.report().at("source");
  CHECK(source.at("mode") == "overlay");
  CHECK(changed(source) == std::map<std::string, uint64_t>{{"added directory empty", 0},
                                                           {"added file added", 3},
                                                           {"added file to", 1000},
                                                           {"deleted directory old", 2000},
                                                           {"deleted file renamed", 1000},
                                                           {"modified file modified", 1001}});
  CHECK(source.at("changed").at(0).at("path") == "old");
  CHECK(source.at("changed").at(0).at("files") == 2);
  CHECK(source.at("discarded_bytes") == 3 + 1000 + 1001 + 5000);
  REQUIRE(source.at("touched").size() == 1);
  CHECK(source.at("touched").at(0).at("path") == "touched");
  REQUIRE(source.at("in_tree_caches").size() == 1);
  const Json& cache = source.at("in_tree_caches").at(0);
  CHECK(cache.at("tool") == "pytest");
  CHECK(cache.at("path") == ".pytest_cache/");
  CHECK(cache.at("bytes") == 5000);
  CHECK(source.at("left_out") == 0);
  for (const char* name : {"old/a", "renamed", "modified"}) CHECK(read_file(place.checkout() / name).size() == 1000);
  for (const char* name : {"added", "empty", "to", ".pytest_cache"}) CHECK_FALSE(fs::exists(place.checkout() / name));
}

TEST_CASE("the summary has one line on what was discarded", "[changes]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run ran = run_script(place, {}, kScript);
  INFO(ran);
  CHECK(ran.out.empty());
  CHECK(ran.err == "stepbox: the step succeeded; discarded 7 changed files, 6.8 KiB, most of it .pytest_cache/ (pytest)\n");
  CHECK(run_script(place, {}, "cat stays > /dev/null").err.empty());
}

TEST_CASE("--diff lists the changes after the step, the largest first", "[changes]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run ran = run_script(place, {"--diff"}, std::string(kScript) + "echo out; echo error >&2");
  INFO(ran);
  CHECK(ran.out == "out\n");
  std::vector<std::string> lines = lines_of(ran.err);
  REQUIRE(lines.size() >= 10);
  CHECK(lines[0] == "error");
  CHECK(lines[1].starts_with("stepbox: changes in '" + place.checkout().string() + "', discarded: 4 added"));
  CHECK(lines[2] == "stepbox:   cache        4.9 KiB  .pytest_cache/ (pytest), 1 file");
  CHECK(lines[3] == "stepbox:   deleted      2.0 KiB  old/ (2 files)");
  CHECK(has_line(ran, "  modified      1001 B  modified"));
  CHECK(has_line(ran, "  touched"));
  const Run nothing = place.run_step({"--diff"}, {"true"});
  INFO(nothing);
  CHECK(has_line(nothing, "there are no changes to list (--diff)"));
}

TEST_CASE("names with any bytes reach the list as text, on their line", "[changes]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = run_script(place, {"--diff"}, "printf x > \"$(printf 'a\\nb\\033[31m\\377')\"; printf x > \"$(head -c 255 /dev/zero | tr '\\0' n)\"");
  INFO(ran);
  REQUIRE(ran.code() == 0);
  CHECK(has_line(ran, "a\\nb\\x1b[31m\\xff"));
  CHECK(has_line(ran, std::string(255, 'n')));
}

TEST_CASE("a hundred changes are listed, and the sums count all", "[changes]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = run_script(place, {"--diff"}, "i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo x > f$i; done");
  INFO(ran);
  REQUIRE(ran.code() == 0);
  CHECK(has_line(ran, "and 2900 smaller changes"));
  const Json source = place.report().at("source");
  CHECK(source.at("changed").size() == 100);
  CHECK(source.at("unlisted") == 2900);
  CHECK(source.at("sums").at("added").at("files") == 3000);
}

TEST_CASE("a step that failed or was killed is told of its changes, too", "[changes]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = run_script(place, {}, "printf x > a; exit 3");
  INFO(ran);
  CHECK(ran.code() == 3);
  CHECK(has_line(ran, "discarded 1 changed file, 1 B"));
}

TEST_CASE("what fills volume scratch has the name of the overlay", "[changes]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = run_script(place, {"--volume", "scratch=1MiB"}, "head -c 3000000 /dev/zero > big");
  INFO(ran);
  CHECK(ran.code() != 0);
  CHECK(has_line(ran, "volume 'scratch' was full (1 MiB; most of it changes of the checkout: "));
  CHECK(place.report().at("caches").at(0).at("tool") == "changes of the checkout");
}

TEST_CASE("a step cannot make the list follow its links or wait for its pipes", "[changes]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run ran = run_script(place, {}, "rm stays touched; ln -s /etc/shadow stays; mkfifo touched; ln -s / root; rm -r old; ln -s /usr old");
  INFO(ran);
  REQUIRE(ran.code() == 0);
  CHECK(changed(place.report().at("source")) == std::map<std::string, uint64_t>{
                                                    {"added link root", 0}, {"modified link old", 0}, {"modified link stays", 0}, {"modified other touched", 0}});
}

}  // namespace stepbox::feature
