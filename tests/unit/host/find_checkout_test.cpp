#include "host/find_checkout.hpp"

#include <unistd.h>

#include "plan/plan_fixture.hpp"
#include "sys/temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

HostFacts standing_in(const std::string& directory) {
  HostFacts facts = user_facts();
  facts.cwd = directory;
  facts.checkout.clear();
  return facts;
}

HostFacts found_from(HostFacts facts) {
  const Result<> found = host::find_checkout(facts);
  if (!found) FAIL(found.error().message);
  return facts;
}

}  // namespace

TEST_CASE("the nearest mark at or above the working directory is the top of the checkout", "[run][source]") {
  for (const char* mark : {".git", ".stepbox.yaml", ".hg", ".jj", ".sl", ".svn", ".bzr"}) {
    INFO(mark);
    const TempTree tree;
    tree.directory("outer/.git");
    tree.directory("outer/project/sub/deep");
    tree.file(std::string("outer/project/") + mark);
    for (const char* below : {"outer/project", "outer/project/sub", "outer/project/sub/deep"}) {
      const HostFacts facts = found_from(standing_in(tree / below));
      CHECK(facts.checkout == tree / "outer/project");
      CHECK(facts.checkout_is_marked);
      CHECK(facts.checkout_uid == ::geteuid());
    }
  }
}

TEST_CASE("without a mark the working directory is the checkout", "[run][source]") {
  const TempTree tree;
  const std::string directory = tree.directory("a/b");
  const HostFacts facts = found_from(standing_in(directory));
  CHECK(facts.checkout == directory);
  CHECK_FALSE(facts.checkout_is_marked);
}

TEST_CASE("a marked home is a checkout for its owner in it, and not from below", "[run][source]") {
  const TempTree tree;
  tree.directory("home/.git");
  tree.directory("home/work");
  HostFacts facts = standing_in(tree / "home/work");
  facts.home = facts.passwd_home = tree / "home";
  facts = found_from(std::move(facts));
  CHECK(facts.checkout == tree / "home/work");
  CHECK_FALSE(facts.checkout_is_marked);
  facts.cwd = tree / "home";
  CHECK(found_from(facts).checkout_is_marked);
}

TEST_CASE("a checkout that HOME lies in is found", "[run][source]") {
  const TempTree tree;
  tree.directory("project/.git");
  tree.directory("project/.home");
  tree.directory("project/sub");
  HostFacts facts = standing_in(tree / "project/sub");
  facts.home = facts.passwd_home = tree / "project/.home";
  CHECK(found_from(facts).checkout == tree / "project");
}

TEST_CASE("a mark that cannot be looked at is an error", "[run][source]") {
  const TempTree tree;
  tree.link("loop", "loop");
  HostFacts facts = standing_in(tree / "loop");
  const Result<> found = host::find_checkout(facts);
  REQUIRE_FALSE(found);
  CHECK(found.error().number == ELOOP);
  CHECK(found.error().message.starts_with("cannot find the checkout: cannot look at '" + tree / "loop" + "': "));
}
