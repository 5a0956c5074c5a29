// What a mask would hide and the step needs: toolchains, programs on PATH, files of the CI.
#include "plan/box_model.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

BoxModel::Seen look(const HostFacts& facts, const std::string& path, const Policy& policy = default_policy()) {
  return BoxModel(plan_of(facts, policy), facts).look(path);
}

HostFacts with_path(const std::string& path) {
  HostFacts facts = user_facts();
  facts.environment[0] = "PATH=" + path;
  return facts;
}

HostFacts announcing(std::vector<std::string> variables) {
  HostFacts facts = user_facts();
  facts.environment.insert(facts.environment.end(), variables.begin(), variables.end());
  return facts;
}

}  // namespace

TEST_CASE("a toolchain in home is shown read-only, and the rest of home is not", "[run][hidden]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/home/bob/.rustup");
  const BoxModel::Seen seen = look(facts, "/home/bob/.rustup");
  CHECK(seen.host == "/home/bob/.rustup");
  CHECK_FALSE(seen.writable);
  CHECK(look(facts, "/home/bob/.ssh").kind == NodeKind::missing);
  CHECK(look(facts, "/home/bob").writable);
}

TEST_CASE("a toolchain is found in the passwd home when HOME is not set", "[run][hidden]") {
  HostFacts facts = user_facts();
  facts.home.clear();
  has_directory(facts, "/home/bob/.rustup");
  CHECK(look(facts, "/home/bob/.rustup").host == "/home/bob/.rustup");
}

TEST_CASE("a toolchain that is a link shows what the link leads to", "[run][hidden]") {
  HostFacts facts = user_facts();
  facts.paths["/home/bob/.rustup"] = {"/opt/rust", HostPathKind::directory};
  CHECK(look(facts, "/home/bob/.rustup").host == "/opt/rust");
}

TEST_CASE("a PATH entry below a masked place is shown read-only", "[run][hidden]") {
  for (const char* entry : {"/home/bob/bin", "/tmp/tools/bin", "/run/tools", "/var/tmp/bin"}) {
    INFO(entry);
    HostFacts facts = with_path(std::string("/usr/bin:") + entry + "/:/bin");
    has_directory(facts, entry);
    CHECK(look(facts, entry).host == entry);
    CHECK_FALSE(look(facts, entry).writable);
  }
}

TEST_CASE("a PATH entry that is a masked place does not undo the mask", "[run][hidden]") {
  for (const char* entry : {"/home/bob", "/tmp", "/", "/home", "/run", "/var"}) {
    INFO(entry);
    HostFacts facts = with_path(entry);
    has_directory(facts, entry);
    CHECK(look(facts, "/home/bob").volume == 0);
    CHECK(look(facts, "/tmp").volume == 0);
  }
}

TEST_CASE("a PATH entry by way of a link into home is shown", "[run][hidden]") {
  HostFacts facts = with_path("/opt/tools");
  facts.paths["/opt/tools"] = {"/home/bob/tools", HostPathKind::directory};
  CHECK(look(facts, "/home/bob/tools").host == "/home/bob/tools");
}

TEST_CASE("a PATH entry that is missing, relative or there anyway needs no mount", "[run][hidden]") {
  HostFacts facts = with_path("bin:.:/usr/bin:/home/bob/missing::");
  has_directory(facts, "/usr/bin");
  const size_t plain = plan_of(user_facts()).files.mounts.size();
  CHECK(plan_of(facts).files.mounts.size() == plain);
}

TEST_CASE("a PATH entry in the checkout is shown with the checkout", "[run][hidden]") {
  HostFacts facts = with_path("/home/bob/work/bin");
  has_directory(facts, "/home/bob/work/bin");
  CHECK(mounted_at(plan_of(facts), "box/home/work/bin").empty());
  CHECK(look(facts, "/home/bob/work/bin").writable);
}

TEST_CASE("a PATH entry below a toolchain is shown with the toolchain", "[run][hidden]") {
  HostFacts facts = with_path("/home/bob/.rustup/x/bin");
  has_directory(facts, "/home/bob/.rustup");
  has_directory(facts, "/home/bob/.rustup/x/bin");
  CHECK(mounted_at(plan_of(facts), "box/home/.rustup/x/bin").empty());
  CHECK(look(facts, "/home/bob/.rustup/x/bin").host == "/home/bob/.rustup/x/bin");
}

TEST_CASE("a file that a CI announced is shown where a mask would hide it", "[run][hidden]") {
  HostFacts facts = announcing({"LUCI_CONTEXT=/tmp/luci/ctx.json", "GITHUB_ENV=/tmp/gh/env"});
  has_file(facts, "/tmp/luci/ctx.json");
  has_directory(facts, "/tmp/gh");
  CHECK(look(facts, "/tmp/luci/ctx.json").host == "/tmp/luci/ctx.json");
  CHECK_FALSE(look(facts, "/tmp/luci/ctx.json").writable);
  CHECK(look(facts, "/tmp/gh").writable);
  CHECK(look(facts, "/tmp/gh").host == "/tmp/gh");
}

TEST_CASE("a writable directory of a CI outside every mask is opened", "[run][hidden]") {
  HostFacts facts = announcing({"PMIX_SERVER_TMPDIR=/opt/pmix"});
  has_directory(facts, "/opt/pmix");
  CHECK(look(facts, "/opt/pmix").writable);
}

TEST_CASE("a file of a CI that does not exist is passed over", "[run][hidden]") {
  CHECK(look(announcing({"LUCI_CONTEXT=/tmp/luci/ctx.json"}), "/tmp/luci").kind == NodeKind::missing);
}

TEST_CASE("a CI variable never opens a masked place itself", "[run][hidden]") {
  for (const char* value : {"/tmp/env", "/home/bob/env", "/env", "/run/env"}) {
    HostFacts facts = announcing({std::string("GITHUB_ENV=") + value});
    for (const char* directory : {"/tmp", "/home/bob", "/", "/run"}) has_directory(facts, directory);
    CHECK(look(facts, "/tmp").volume == 0);
    CHECK(look(facts, "/home/bob").volume == 0);
    CHECK(look(facts, "/run").volume == 0);
  }
}

TEST_CASE("a rule of the user outdoes what a variable announced", "[run][hidden]") {
  HostFacts facts = announcing({"PMIX_SERVER_TMPDIR=/opt/pmix"});
  has_directory(facts, "/opt/pmix");
  Policy policy = default_policy();
  policy.paths = {rule(PathAccess::ro, "/opt/pmix")};
  CHECK_FALSE(look(facts, "/opt/pmix", policy).writable);
}

TEST_CASE("in the home of the host no toolchain needs a mount", "[run][hidden]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/home/bob/.rustup");
  Policy policy = default_policy();
  policy.home.value = HomeMode::host;
  CHECK(mounted_at(plan_of(facts, policy), "home/bob/.rustup").empty());
}

TEST_CASE("the program and the script of the command line are shown where a mask would hide them", "[run][hidden]") {
  for (const char* path : {"/tmp/go-build1/b001/x.test", "/var/tmp/x", "/home/bob/x", "/run/x", "/dev/shm/x"})
    for (const bool is_script : {false, true}) {
      INFO(path);
      HostFacts facts = user_facts();
      has_file(facts, path);
      facts.programs.push_back({path, is_script});
      const Plan plan = plan_of(facts);
      const BoxModel box(plan, facts);
      CHECK(box.problems().empty());
      CHECK(box.look(path).host == path);
      CHECK_FALSE(box.look(path).writable);
      CHECK(box.look(std::string(path).substr(0, std::string(path).rfind('/'))).writable);
    }
}

TEST_CASE("a program that was hidden by name stays hidden", "[run][hidden]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/tmp/a");
  has_file(facts, "/tmp/a/x");
  facts.programs.push_back({"/tmp/a/x", false});
  Policy policy = default_policy();
  policy.paths = {rule(PathAccess::hide, "/tmp/a")};
  CHECK(BoxModel(plan_of(facts, policy), facts).look("/tmp/a/x").kind == NodeKind::missing);
}
