// What `stepbox explain` and `stepbox caches` print: at most a hundred columns, about one screen, and JSON for
// machines.
#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

using Options = std::vector<std::string>;

constexpr size_t kWidth = 100;
constexpr size_t kScreen = 45;

std::string output_of(const Place& place, Options words) {
  words.insert(words.begin(), program("stepbox"));
  const Run ran = run(place.command(words));
  INFO(ran);
  CHECK(ran.code() == 0);
  return ran.out;
}

// Longer than a line, without a place to fold: a path or a name.
bool is_one_piece(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return line.find(' ') == std::string_view::npos;
}

void fits(const std::string& page) {
  for (const std::string& line : lines_of(page)) {
    CAPTURE(line);
    CHECK((line.size() <= kWidth || is_one_piece(line)));
    CHECK(line.find('\x1b') == std::string::npos);
  }
}

Json named(const Json& list, std::string_view name) {
  for (const Json& record : list)
    if (record["name"] == name) return record;
  return nullptr;
}

}  // namespace

TEST_CASE("explain shows the default policy on one screen of a hundred columns", "[explain]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string page = output_of(place, {"explain", "--", "make", "test"});
  CAPTURE(page);
  fits(page);
  CHECK(lines_of(page).size() <= kScreen);
  CHECK(page.find("command       make test\n") != std::string::npos);
}

TEST_CASE("explain keeps to this width for every policy, even with everything shown", "[explain]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string policy = GENERATE("default", "go", "strict");
  CAPTURE(caller, policy);
  const Place place(caller);
  fits(output_of(place, {"explain", "--policy", policy, "--", "make"}));
  const std::string all = output_of(place, {"explain", "--all", "--policy", policy, "--", "make"});
  fits(all);
  CHECK(all.find("/dev/null (ro): device") != std::string::npos);
}

TEST_CASE("explain says of a weaker mode what it does not protect", "[explain]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string page = output_of(place, {"explain", "--isolation", "env"});
  fits(page);
  CHECK(page.find("not protected") != std::string::npos);
  CHECK(page.find("[--isolation]") != std::string::npos);
}

TEST_CASE("explain names the file and line, option or variable of every choice", "[explain]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nworkspace:\n  size: 64MiB\nfilesystem:\n  hide: [/opt]\n");
  Command command = place.command({program("stepbox"), "explain", "--timeout", "90s", "--", "make"});
  command.environment.push_back("STEPBOX_NETWORK=none");
  const Run ran = run(command);
  INFO(ran);
  CHECK(ran.out.find("/.stepbox.yaml:3:9]") != std::string::npos);
  CHECK(ran.out.find("/.stepbox.yaml:5:10]") != std::string::npos);
  CHECK(ran.out.find("1m30s [--timeout]") != std::string::npos);
  CHECK(ran.out.find("[STEPBOX_NETWORK]") != std::string::npos);
}

TEST_CASE("the plan as JSON has what a scheduler needs, and no value of a variable", "[explain]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command command = place.command({program("stepbox"), "explain", "--json", "--size", "64MiB", "--timeout", "90s", "--env", "A=very-secret", "--", "make"});
  command.environment.push_back("TOKEN=very-secret");
  const Run ran = run(command);
  INFO(ran);
  REQUIRE(ran.code() == 0);
  CHECK(ran.out.find("very-secret") == std::string::npos);
  const Json plan = Json::parse(ran.out);
  for (const char* key : {"schema_version", "policies", "requests", "step", "user", "isolation", "workspace", "checkout", "root", "home", "mounts",
                          "environment", "network", "nesting", "limits", "deadlines", "seccomp", "protections", "warnings"})
    CHECK(plan.contains(key));
  for (const char* key : {"memory_bytes", "cpus", "disk_bytes", "workspace_bytes", "workspace_inodes", "seconds"}) CHECK(plan["requests"].contains(key));
  CHECK(plan["requests"]["workspace_bytes"] == 64 << 20);
  CHECK(plan["requests"]["seconds"] == 90);
  CHECK(named(plan["workspace"]["volumes"], "workspace")["from"]["place"] == "--size");
  CHECK(named(plan["environment"]["variables"], "TOKEN")["cause"] == "inherited");
  for (const char* list : {"mounts", "limits", "deadlines", "protections"})
    for (const Json& record : plan[list]) CHECK(record.contains("from"));
}

TEST_CASE("only explain takes its options", "[explain]") {
  const Place place(Caller::user);
  const Run refused = run(place.command({program("stepbox"), "run", "--json", "--", "true"}));
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  const Run near = run(place.command({program("stepbox"), "explain", "--jsno"}));
  INFO(near);
  CHECK(near.err.find("did you mean '--json'?") != std::string::npos);
}

TEST_CASE("caches prints at most one line for each tool, and with --all one for each entry", "[explain]") {
  const Place place(Caller::user);
  const std::string page = output_of(place, {"caches"});
  CAPTURE(page);
  for (const std::string& line : lines_of(page)) CHECK(line.size() <= kWidth);
  for (const char* group : {"redirected", "shown", "caught"}) CHECK(page.find(group) != std::string::npos);
  CHECK(page.find("caught by the masks\n") == std::string::npos);
  const std::string all = output_of(place, {"caches", "--all"});
  for (const std::string& line : lines_of(all)) CHECK((line.size() <= kWidth || is_one_piece(line)));
  const Json json = Json::parse(output_of(place, {"caches", "--json"}));
  CHECK(json["schema_version"] == 1);
  CHECK(named(json["tools"], "cargo")["what"] == "redirected");
  CHECK(lines_of(all).size() > json["tools"].size());
  CHECK(output_of(place, {"caches", "GoLang"}) == output_of(place, {"caches", "go"}));
  CHECK(output_of(place, {"caches", "go"}).starts_with("tools of go\n"));
  CHECK(output_of(place, {"caches", "mvn"}).starts_with("maven (java)\n"));
  CHECK(output_of(place, {"caches", "cargo"}).find("CARGO_HOME=/box/cache/cargo") != std::string::npos);
}

}  // namespace stepbox::feature
