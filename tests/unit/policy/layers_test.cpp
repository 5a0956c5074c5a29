#include "policy/layers.hpp"

#include "policy_fixture.hpp"

using namespace stepbox;
using namespace stepbox::policy;

TEST_CASE("a file's own settings come after what it extends", "[policy]") {
  PolicyFixture fixture;
  fixture.site("extends: [strict]\nnetwork: loopback\n");
  const Policy policy = fixture.resolved();
  CHECK(policy.network.value == NetworkMode::loopback);
  CHECK(policy.source.value == SourceMode::ro);
  CHECK(policy.source.origin.place == "strict");
}

TEST_CASE("a file is extended from beside the one that names it", "[policy]") {
  PolicyFixture fixture;
  std::filesystem::create_directory(fixture.root() + "/site/more");
  fixture.site("extends: [more/a.yaml]\n");
  fixture.write("site/more/a.yaml", "version: 1\nextends: [b.yaml, ../c.yml]\nhome: host\n");
  fixture.write("site/more/b.yaml", "version: 1\nnetwork: none\n");
  fixture.write("site/c.yml", "version: 1\nnetwork: loopback\n");
  const Policy policy = fixture.resolved();
  CHECK(policy.home.value == HomeMode::host);
  CHECK(policy.network.value == NetworkMode::loopback);
  CHECK(policy.network.origin.text() == fixture.root() + "/site/c.yml:2:10");
  CHECK(policy.network.origin.layer == Layer::site);
}

TEST_CASE("a mistake behind extends names both files", "[policy]") {
  PolicyFixture fixture;
  fixture.site("extends: [a.yaml]\n");
  SECTION("no such file") {
    CHECK(fixture.refusal() ==
          "ROOT/site/policy.yaml:2:11: extends: cannot open 'ROOT/site/a.yaml': "
          "no such file or directory (ENOENT)");
  }
  SECTION("a wrong value") {
    fixture.write("site/a.yaml", "version: 1\nnetwork: off\n");
    CHECK(fixture.refusal() ==
          "ROOT/site/policy.yaml:2:11: extends: ROOT/site/a.yaml:2:10: network: "
          "'off' is not host, loopback or none");
  }
  SECTION("a broken file") {
    fixture.write("site/a.yaml", "version: 1\nnetwork: [\n");
    CHECK(fixture.refusal() ==
          "ROOT/site/policy.yaml:2:11: extends: ROOT/site/a.yaml:3:1: "
          "end of sequence flow not found");
  }
  SECTION("an unknown built-in policy") {
    fixture.site("extends: [strickt]\n");
    CHECK(fixture.refusal() ==
          "ROOT/site/policy.yaml:2:11: extends: unknown policy 'strickt' (did you mean 'strict'?)");
  }
}

TEST_CASE("mistakes of a file and of what it extends are told together", "[policy]") {
  PolicyFixture fixture;
  fixture.site("extends: [strickt, a.yaml]\nnetwork: nine\n");
  fixture.write("site/a.yaml", "version: 1\nsize: 1G\nhome: none\n");
  CHECK(fixture.refusal() ==
        "ROOT/site/policy.yaml:2:11: extends: unknown policy 'strickt' (did you mean 'strict'?)\n"
        "ROOT/site/policy.yaml:2:20: extends: ROOT/site/a.yaml:2:1: size: unknown key (did you mean 'workspace.size'?)\n"
        "ROOT/site/policy.yaml:2:20: extends: ROOT/site/a.yaml:3:7: home: 'none' is not fresh, overlay or host\n"
        "ROOT/site/policy.yaml:3:10: network: 'nine' is not host, loopback or none (did you mean 'none'?)");
}

TEST_CASE("extends cannot go in circles", "[policy]") {
  PolicyFixture fixture;
  SECTION("of one") {
    fixture.site("extends: [./policy.yaml]\n");
    CHECK(fixture.refusal() ==
          "ROOT/site/policy.yaml:2:11: extends: 'ROOT/site/policy.yaml' extends itself");
  }
  SECTION("of two") {
    fixture.site("extends: [a.yaml]\n");
    fixture.write("site/a.yaml", "version: 1\nextends: [../site/policy.yaml]\n");
    CHECK(fixture.refusal() ==
          "ROOT/site/policy.yaml:2:11: extends: ROOT/site/a.yaml:2:11: extends: "
          "'ROOT/site/policy.yaml' extends itself");
  }
}

TEST_CASE("the same file may be extended twice side by side", "[policy]") {
  PolicyFixture fixture;
  fixture.site("extends: [a.yaml, a.yaml]\n");
  fixture.write("site/a.yaml", "version: 1\nnetwork: none\n");
  CHECK(fixture.resolved().network.value == NetworkMode::none);
}

TEST_CASE("a layer has at most 64 policies", "[policy]") {
  PolicyFixture fixture;
  std::string many = "extends:\n";
  for (int i = 0; i < 65; ++i) many += "- go\n";
  fixture.site(many);
  CHECK(fixture.refusal() == "ROOT/site/policy.yaml:67:3: extends: more than 64 policies");
}

TEST_CASE("a long chain of files ends at the same limit", "[policy]") {
  PolicyFixture fixture;
  fixture.site("extends: [f0.yaml]\n");
  for (int i = 0; i < 80; ++i)
    fixture.write("site/f" + std::to_string(i) + ".yaml",
                  "version: 1\nextends: [f" + std::to_string(i + 1) + ".yaml]\n");
  CHECK(fixture.refusal().ends_with("f63.yaml:2:11: extends: more than 64 policies"));
}

TEST_CASE("--policy takes a built-in name or a file", "[policy]") {
  CHECK_FALSE(is_file_name("go"));
  CHECK(is_file_name("./go"));
  CHECK(is_file_name("ci.yaml"));
  CHECK(is_file_name("ci.yml"));

  PolicyFixture fixture;
  fixture.request.names = {"strict"};
  CHECK(fixture.resolved().network.value == NetworkMode::none);
  fixture.write("cwd/mine", "version: 1\nnetwork: loopback\n");
  fixture.request.names = {"strict", "./mine"};
  CHECK(fixture.resolved().network.value == NetworkMode::loopback);
  fixture.request.names = {"./mine", "strict"};
  CHECK(fixture.resolved().network.value == NetworkMode::none);
  fixture.request.names = {fixture.root() + "/cwd/mine"};
  CHECK(fixture.resolved().network.value == NetworkMode::loopback);
}

TEST_CASE("a --policy that is not there is an error", "[policy]") {
  PolicyFixture fixture;
  fixture.request.names = {"ci.yaml"};
  CHECK(fixture.refusal() == "cannot open policy 'ci.yaml': no such file or directory (ENOENT)");
  fixture.request.names = {"og"};
  CHECK(fixture.refusal() == "unknown policy 'og' (did you mean 'go'?)");
  CHECK(fixture.hint() ==
        "'stepbox policy list' shows the built-in ones; the name of a file holds a / or ends in .yaml");
  fixture.request.names = {"frobnicate"};
  CHECK(fixture.refusal() == "unknown policy 'frobnicate' (one of default, go and strict)");
  fixture.request.names = {""};
  CHECK(fixture.refusal() == "unknown policy '' (one of default, go and strict)");
}
