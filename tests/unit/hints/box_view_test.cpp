#include "hints/box_view.hpp"

#include <catch2/catch.hpp>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using From = hints::Place::From;

namespace {

std::string place_text(const Plan& plan, std::string_view path) {
  const hints::Place place = hints::place_in_box(plan, path);
  switch (place.from) {
    case From::host: return (place.is_read_only ? "ro " : "rw ") + place.path;
    case From::volume: return "volume " + place.path;
    case From::overlay: return "overlay " + std::to_string(place.overlay) + " " + place.path;
    case From::link: return "link " + place.path;
    case From::made: return "made";
    case From::nowhere: return "nowhere";
    case From::unknown: return "unknown";
  }
  return {};
}

}  // namespace

TEST_CASE("a plan tells where a path of the box leads", "[failure-hints]") {
  HostFacts facts = GENERATE(user_facts(), root_facts());
  facts.cwd = facts.checkout = "/tmp/work";
  Policy policy = default_policy();
  policy.paths = {rule(PathAccess::ro, "/run/tool.sock"), rule(PathAccess::rw, "/opt/sdk"), rule(PathAccess::hide, "/srv/secret")};
  has_file(facts, "/run/tool.sock");
  has_directory(facts, "/opt/sdk");
  has_directory(facts, "/srv/secret");
  has_directory(facts, "/tmp/work");
  const Plan plan = plan_of(facts, policy);
  CHECK(place_text(plan, "usr/bin/make") == "ro /usr/bin/make");
  CHECK(place_text(plan, "bin") == "link usr/bin");
  CHECK(place_text(plan, "tmp/x") == "volume box/tmp/x");
  CHECK(place_text(plan, "tmp/work/x") == "rw /tmp/work/x");
  CHECK(place_text(plan, "run/tool.sock") == "ro /run/tool.sock");
  CHECK(place_text(plan, "run/other.sock") == "volume box/run/other.sock");
  CHECK(place_text(plan, "opt/sdk/x") == "rw /opt/sdk/x");
  CHECK(place_text(plan, "opt/other") == "ro /opt/other");
  CHECK(place_text(plan, facts.home.substr(1) + "/.netrc") == "volume box/home/.netrc");
  CHECK(place_text(plan, "box/home/.netrc") == "volume box/home/.netrc");
  CHECK(place_text(plan, "proc/self") == "unknown");
  const hints::Place secret = hints::place_in_box(plan, "srv/secret/key");
  CHECK(secret.from == From::nowhere);
  REQUIRE(secret.by != nullptr);
  CHECK(secret.by->origin.text() == "--hide");
}

TEST_CASE("in a reduced root nothing is where nothing was put", "[failure-hints]") {
  Policy policy = default_policy();
  policy.root.value = RootMode::system;
  const Plan plan = plan_of(user_facts(), policy);
  CHECK(place_text(plan, "usr/bin/make") == "ro /usr/bin/make");
  CHECK(place_text(plan, "opt/sdk") == "nowhere");
  CHECK(hints::place_in_box(plan, "opt/sdk").by == nullptr);
}
