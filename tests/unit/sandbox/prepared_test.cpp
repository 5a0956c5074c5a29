#include "sandbox/prepared.hpp"

#include <catch2/catch.hpp>
#include <cstring>

using namespace stepbox;
using namespace stepbox::sandbox;

namespace {

using Texts = std::vector<std::string>;

// Up to the null pointer that must end the list.
Texts texts(const std::vector<char*>& list) {
  REQUIRE_FALSE(list.empty());
  REQUIRE(list.back() == nullptr);
  return {list.begin(), list.end() - 1};
}

Plan plan_of(std::vector<std::string> argv) {
  Plan plan;
  plan.step.argv = std::move(argv);
  return plan;
}

const CallerState kCaller{};

}  // namespace

TEST_CASE("the arguments are those of the plan, byte for byte", "[sandbox][prepared]") {
  const Plan plan = plan_of({"make", "", "a b", "new\nline", "\xff"});
  CHECK(texts(Prepared(plan, kCaller).argv) == plan.step.argv);
}

TEST_CASE("a script without an interpreter gets a shell, a place for its path, and its arguments",
          "[sandbox][prepared]") {
  const Plan plan = plan_of({"./script", "one", "two"});
  const Prepared prepared(plan, kCaller);
  REQUIRE(prepared.shell_argv.size() == 5);
  CHECK(std::strcmp(prepared.shell_argv[0], "sh") == 0);
  CHECK(prepared.shell_argv[1] == nullptr);
  CHECK(std::strcmp(prepared.shell_argv[2], "one") == 0);
  CHECK(std::strcmp(prepared.shell_argv[3], "two") == 0);
  CHECK(prepared.shell_argv[4] == nullptr);
}

TEST_CASE("a script without arguments has only the shell and the place", "[sandbox][prepared]") {
  const Plan plan = plan_of({"./script"});
  CHECK(Prepared(plan, kCaller).shell_argv.size() == 3);
}

TEST_CASE("the environment is name=value in the plan's order", "[sandbox][prepared]") {
  Plan plan = plan_of({"make"});
  plan.step.environment = {{.name = "B", .value = "2"}, {.name = "A", .value = ""}, {.name = "C", .value = "x=y z"}};
  CHECK(texts(Prepared(plan, kCaller).environment) == Texts{"B=2", "A=", "C=x=y z"});
}

TEST_CASE("an entry that came without an equals sign goes on without one", "[sandbox][prepared]") {
  Plan plan = plan_of({"make"});
  plan.step.environment = {{.name = "A", .value = ""}, {.name = "B", .value = "", .has_value = false}};
  CHECK(texts(Prepared(plan, kCaller).environment) == Texts{"A=", "B"});
}

TEST_CASE("a large environment stays where its pointers point", "[sandbox][prepared]") {
  Plan plan = plan_of({"make"});
  for (int i = 0; i < 5000; ++i)
    plan.step.environment.push_back({.name = "V" + std::to_string(i), .value = std::to_string(i)});
  const Prepared prepared(plan, kCaller);
  const Texts made = texts(prepared.environment);
  REQUIRE(made.size() == 5000);
  CHECK(made.front() == "V0=0");
  CHECK(made.back() == "V4999=4999");
}

TEST_CASE("an empty environment is a list of nothing", "[sandbox][prepared]") {
  const Plan plan = plan_of({"make"});
  CHECK(texts(Prepared(plan, kCaller).environment).empty());
}

TEST_CASE("the id maps are lines as the kernel wants them", "[sandbox][prepared]") {
  Plan plan = plan_of({"make"});
  plan.identity.uids = {{0, 1'879'048'192, 65'536}, {4'294'967'294, 1'879'113'728, 1}};
  plan.identity.gids = {{1000, 1000, 1}};
  plan.identity.owner_uid = 1'879'048'192;
  plan.identity.owner_gid = 1000;
  const Prepared prepared(plan, kCaller);
  CHECK(prepared.uid_map == "0 1879048192 65536\n4294967294 1879113728 1\n");
  CHECK(prepared.gid_map == "1000 1000 1\n");
  CHECK(prepared.owner_uid == "1879048192");
  CHECK(prepared.owner_gid == "1000");
}

TEST_CASE("without a map there is no text", "[sandbox][prepared]") {
  const Plan plan = plan_of({"make"});
  CHECK(Prepared(plan, kCaller).uid_map.empty());
}

TEST_CASE("kept capabilities are bits, above 31 too", "[sandbox][prepared]") {
  Plan plan = plan_of({"make"});
  CHECK(Prepared(plan, kCaller).kept_capabilities == 0);
  plan.identity.capabilities = {0, 7, 31, 40};
  CHECK(Prepared(plan, kCaller).kept_capabilities ==
        ((uint64_t{1} << 0) | (uint64_t{1} << 7) | (uint64_t{1} << 31) | (uint64_t{1} << 40)));
}

TEST_CASE("the programs are tried in the plan's order", "[sandbox][prepared]") {
  Plan plan = plan_of({"make"});
  plan.step.programs = {"/a/make", "/b/make"};
  const Prepared prepared(plan, kCaller);
  REQUIRE(prepared.programs.size() == 2);
  CHECK(std::string(prepared.programs[1]) == "/b/make");
}
