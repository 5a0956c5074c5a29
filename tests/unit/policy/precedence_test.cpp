#include "policy_fixture.hpp"

using namespace stepbox;
using namespace stepbox::policy;

TEST_CASE("with no files at all the built-in default decides everything", "[policy]") {
  PolicyFixture fixture;
  const Policy policy = fixture.resolved();
  CHECK(policy.size.value == Size{Size::Unit::percent, 50});
  CHECK(policy.size.origin.layer == Layer::built_in);
  CHECK(policy.size.origin.place == "default");
  CHECK(policy.size.origin.line > 0);
  CHECK(policy.inodes.value == 1'000'000);
  CHECK(policy.source.value == SourceMode::rw);
  CHECK(policy.root.value == RootMode::ro);
  CHECK(policy.home.value == HomeMode::fresh);
  CHECK(policy.network.value == NetworkMode::host);
  CHECK(policy.allow_nesting.value);
  CHECK_FALSE(policy.clear_environment.value);
  CHECK_FALSE(policy.source_path.value.has_value());
  REQUIRE(policy.names.size() == 1);
  CHECK(policy.names[0].name == "default");
}

TEST_CASE("directories that are not given are not looked at", "[policy]") {
  const auto policy = resolve(ResolveRequest{.site_directory = ""});
  REQUIRE(policy);
  CHECK(policy->names.size() == 1);
}

TEST_CASE("each layer overrides the one below it", "[policy]") {
  PolicyFixture fixture;
  const auto size_and_origin = [&fixture] {
    const Policy policy = fixture.resolved();
    return policy.size.value.text() + " " + name_of(policy.size.origin.layer);
  };
  CHECK(size_and_origin() == "50% built in");
  fixture.site("workspace: {size: 7GiB}\n");
  CHECK(size_and_origin() == "7 GiB site policy");
  fixture.user("workspace: {size: 6GiB}\n");
  CHECK(size_and_origin() == "6 GiB user policy");
  fixture.project("workspace: {size: 5GiB}\n");
  CHECK(size_and_origin() == "5 GiB project policy");
  fixture.write("cwd/ci.yaml", "version: 1\nworkspace: {size: 4GiB}\n");
  fixture.request.names = {"ci.yaml"};
  CHECK(size_and_origin() == "4 GiB --policy");
  fixture.variable("STEPBOX_SIZE=3GiB");
  CHECK(size_and_origin() == "3 GiB environment");
  fixture.option("workspace.size", "", "2GiB");
  CHECK(size_and_origin() == "2 GiB command line");
  fixture.option("workspace.size", "", "1GiB");
  CHECK(size_and_origin() == "1 GiB command line");
}

TEST_CASE("every value tells where it came from", "[policy]") {
  PolicyFixture fixture;
  fixture.site("network: none\nfilesystem: {ro: [/srv/sdk]}\n");
  fixture.write("cwd/ci.yaml", "version: 1\nhome: host\n");
  fixture.request.names = {"./ci.yaml"};
  fixture.variable("STEPBOX_INODES=5");
  fixture.option("source.mode", "", "ro");
  const Policy policy = fixture.resolved();
  CHECK(policy.network.origin.text() == fixture.root() + "/site/policy.yaml:2:10");
  CHECK(policy.paths[0].origin.text() == fixture.root() + "/site/policy.yaml:3:19");
  CHECK(policy.home.origin.text() == "./ci.yaml:2:7");
  CHECK(policy.inodes.origin.text() == "STEPBOX_INODES");
  CHECK(policy.source.origin.text() == "--source");
}

TEST_CASE("names tell which policies applied, in order", "[policy]") {
  PolicyFixture fixture;
  fixture.site("extends: [go]\n");
  fixture.request.names = {"strict"};
  const Policy policy = fixture.resolved();
  REQUIRE(policy.names.size() == 4);
  CHECK(policy.names[0].name == "default");
  CHECK(policy.names[1].name == "go");
  CHECK(policy.names[1].layer == Layer::site);
  CHECK(policy.names[2].name == fixture.root() + "/site/policy.yaml");
  CHECK(policy.names[3].name == "strict");
  CHECK(policy.names[3].layer == Layer::named);
}

TEST_CASE("lists and maps add up over the layers", "[policy]") {
  PolicyFixture fixture;
  fixture.site(
      "filesystem: {ro: [/a], hide: [/b]}\nenvironment: {set: {A: '1'}}\nrequire: [quota]\n"
      "workspace: {volumes: {cache: {size: 2GiB, inodes: 9}}}\n");
  fixture.user(
      "filesystem: {rw: [~/c]}\nenvironment: {set: {A: '2'}}\nrequire: [quota, seccomp]\n"
      "workspace: {volumes: {cache: {size: 1GiB}}}\n");
  fixture.variable("STEPBOX_RO=/d:/e");
  fixture.variable("STEPBOX_REQUIRE=capabilities");
  const Policy policy = fixture.resolved();
  REQUIRE(policy.paths.size() == 5);
  CHECK(policy.paths[2].path == "~/c");
  CHECK(policy.paths[4].path == "/e");
  REQUIRE(policy.environment.size() == 2);
  CHECK(policy.environment[1].value == "2");
  REQUIRE(policy.require.size() == 3);
  CHECK(policy.require[0].origin.layer == Layer::site);
  REQUIRE(policy.volumes.size() == 1);
  CHECK(policy.volumes[0].size == Size{Size::Unit::bytes, 1ULL << 30});
  CHECK(policy.volumes[0].inodes == 9u);
}

TEST_CASE("relative paths are meant from the working directory where they were typed", "[policy]") {
  PolicyFixture fixture;
  fixture.request.cwd = "/work/here";
  fixture.variable("STEPBOX_RO=../sdk:/abs");
  fixture.option("filesystem.rw", "", "./out//x/");
  fixture.option("filesystem.hide", "", "~/x");
  fixture.option("source.path", "", ".");
  const Policy policy = fixture.resolved();
  REQUIRE(policy.paths.size() == 4);
  CHECK(policy.paths[0].path == "/work/sdk");
  CHECK(policy.paths[1].path == "/abs");
  CHECK(policy.paths[2].path == "/work/here/out/x");
  CHECK(policy.paths[3].path == "~/x");
  CHECK(policy.source_path.value == "/work/here");
}

TEST_CASE("an empty path is a mistake and not the working directory", "[policy]") {
  PolicyFixture fixture;
  fixture.variable("STEPBOX_RO=/a:");
  CHECK(fixture.refusal() == "STEPBOX_RO: '' is not an absolute path, or one that starts with ~/");
}

TEST_CASE("in a file a relative path is a mistake", "[policy]") {
  PolicyFixture fixture;
  fixture.user("filesystem: {ro: [sdk]}\n");
  CHECK(fixture.refusal() ==
        "ROOT/user/policy.yaml:2:19: filesystem.ro: 'sdk' is not an absolute path, or one that starts with ~/");
}

TEST_CASE("mistakes in options and variables name them", "[policy]") {
  PolicyFixture fixture;
  SECTION("an option") {
    fixture.option("network", "", "hots");
    CHECK(fixture.refusal() == "--network: 'hots' is not host, loopback or none (did you mean 'host'?)");
  }
  SECTION("a variable") {
    fixture.variable("STEPBOX_SIZE=");
    CHECK(fixture.refusal() == "STEPBOX_SIZE: '' is not a size like 8GiB, 512M or 50%");
  }
  SECTION("a variable of a map") {
    fixture.variable("STEPBOX_VOLUME=cache");
    CHECK(fixture.refusal() == "STEPBOX_VOLUME: 'cache' is not NAME=SIZE[,inodes=COUNT]");
  }
  SECTION("a variable for what is not there yet") {
    fixture.variable("STEPBOX_USER=root");
    CHECK(fixture.refusal() == "STEPBOX_USER: user is not supported by this version of stepbox");
  }
}

TEST_CASE("other variables are left alone", "[policy]") {
  PolicyFixture fixture;
  for (const char* text : {"STEPBOX_REPORT=x", "STEPBOX_POLICY=nowhere", "STEPBOX_SIZES=x", "STEPBOX_SIZE", "SIZE=x"})
    fixture.variable(text);
  CHECK(fixture.resolved().size.origin.layer == Layer::built_in);
}

TEST_CASE("variables apply in the order of the table, whatever the order of the environment", "[policy]") {
  PolicyFixture fixture;
  fixture.variable("STEPBOX_UNSET_ENV=A");
  fixture.variable("STEPBOX_ENV=A=1");
  const Policy policy = fixture.resolved();
  REQUIRE(policy.environment.size() == 2);
  CHECK(policy.environment[0].action == EnvAction::set);
  CHECK(policy.environment[1].action == EnvAction::unset);
}

TEST_CASE("limits are spelled by the option and variable of their group", "[policy]") {
  PolicyFixture fixture;
  fixture.site("limits: {memory: 6GiB, cpu: 2, open-files: 4096, optional: [cpu]}\n");
  fixture.variable("STEPBOX_LIMIT=memory=5GiB,processes=100");
  const Policy policy = fixture.resolved();
  CHECK(policy.limits.memory.value->text() == "5 GiB");
  CHECK(policy.limits.memory.origin.text() == "STEPBOX_LIMIT memory");
  CHECK(policy.limits.processes.value == 100);
  CHECK(policy.limits.cpu.value == 2'000);
  REQUIRE(policy.limits.of_process.size() == 1);
  CHECK(policy.limits.of_process[0].value == 4'096);
  CHECK(policy.limits.optional[0].name == "cpu");
}

TEST_CASE("an error in a limit names it", "[policy]") {
  PolicyFixture fixture;
  SECTION("a word that is none") {
    fixture.variable("STEPBOX_LIMIT=memroy=1G");
    CHECK(fixture.refusal() == "STEPBOX_LIMIT: 'memroy' is not a limit (did you mean 'memory'?)");
  }
  SECTION("no value") {
    fixture.variable("STEPBOX_LIMIT=memory");
    CHECK(fixture.refusal() == "STEPBOX_LIMIT: 'memory' is not KEY=VALUE");
  }
  SECTION("a value that is none") {
    fixture.variable("STEPBOX_LIMIT=cpu=many");
    CHECK(fixture.refusal() == "STEPBOX_LIMIT cpu: 'many' is not a number of cores like 2 or 0.5");
  }
  SECTION("a share of what has none") {
    fixture.site("limits: {stack: 50%}\n");
    CHECK(fixture.refusal() == "ROOT/site/policy.yaml:2:17: limits.stack: '50%' is not a size like 8GiB or 512M");
  }
  SECTION("a limit that cannot be optional") {
    fixture.site("limits: {optional: [stack]}\n");
    CHECK(fixture.refusal().ends_with("limits.optional: 'stack' is not memory, processes or cpu"));
  }
}
