#include "policy/policy_file.hpp"

#include <sys/stat.h>

#include "policy_fixture.hpp"

using namespace stepbox;
using namespace stepbox::policy;

namespace fs = std::filesystem;

TEST_CASE("a file that is not there is nothing, and no error", "[policy]") {
  PolicyFixture fixture;
  for (const FileOwner owner : {FileOwner::trusted, FileOwner::stranger}) {
    const auto none = read_policy_file(fixture.root() + "/none.yaml", owner);
    REQUIRE(none);
    CHECK_FALSE(none->has_value());
    fixture.write("file", "");
    CHECK(read_policy_file(fixture.root() + "/file/below.yaml", owner).has_value());
  }
}

TEST_CASE("a file is read whole, up to 1 MiB", "[policy]") {
  PolicyFixture fixture;
  const std::string text(1 << 20, '#');
  fixture.write("p.yaml", text);
  const auto whole = read_policy_file(fixture.root() + "/p.yaml", FileOwner::stranger);
  REQUIRE(whole);
  CHECK(whole->value() == text);
  fixture.write("p.yaml", text + "#");
  const auto larger = read_policy_file(fixture.root() + "/p.yaml", FileOwner::trusted);
  REQUIRE_FALSE(larger);
  CHECK(larger.error().message == "cannot read '" + fixture.root() + "/p.yaml': larger than 1 MiB");
}

TEST_CASE("an operator's policy may be a link", "[policy]") {
  PolicyFixture fixture;
  fixture.write("real.yaml", "version: 1\nnetwork: none\n");
  fs::create_symlink(fixture.root() + "/real.yaml", fixture.root() + "/site/policy.yaml");
  CHECK(fixture.resolved().network.value == NetworkMode::none);
}

TEST_CASE("a project policy is a regular file and nothing else", "[policy]") {
  PolicyFixture fixture;
  const std::string path = fixture.root() + "/checkout/.stepbox.yaml";
  SECTION("no link") {
    fixture.write("real.yaml", "version: 1\nnetwork: none\n");
    fs::create_symlink(fixture.root() + "/real.yaml", path);
  }
  SECTION("no link into nowhere") {
    fs::create_symlink("nowhere", path);
  }
  SECTION("no fifo, which would keep us waiting") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  }
  SECTION("no directory") {
    fs::create_directory(path);
  }
  CHECK(fixture.refusal() == "cannot read 'ROOT/checkout/.stepbox.yaml': not a regular file");
}

TEST_CASE("a project policy without end is refused", "[policy]") {
  PolicyFixture fixture;
  fixture.write("checkout/.stepbox.yaml", std::string((1 << 20) + 1, '#'));
  CHECK(fixture.refusal() == "cannot read 'ROOT/checkout/.stepbox.yaml': larger than 1 MiB");
}

TEST_CASE("a policy that cannot be read is an error and not a missing one", "[policy]") {
  PolicyFixture fixture;
  fs::create_directory(fixture.root() + "/site/policy.yaml");
  CHECK(fixture.refusal() == "cannot read 'ROOT/site/policy.yaml': is a directory (EISDIR)");
}
