// What the user says wins over the registry's redirects, whatever its spelling.
#include <algorithm>
#include <sys/mount.h>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

std::string value(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.step.environment, name, &EnvEntry::name);
  return found == plan.step.environment.end() ? "(unset)" : found->value;
}

HostFacts inheriting(std::vector<std::string> environment) {
  HostFacts facts = user_facts();
  facts.environment = std::move(environment);
  facts.environment.push_back("HOME=/home/bob");
  return facts;
}

Policy saying(EnvAction action, std::string name, std::string text = {}) {
  Policy policy = default_policy();
  policy.environment = {{action, std::move(name), std::move(text), on_command_line("--env")}};
  return policy;
}

Policy showing(PathAccess access, std::string path) {
  Policy policy = default_policy();
  policy.paths = {rule(access, std::move(path))};
  return policy;
}

// Facts in which these directories are there.
HostFacts with_directories(std::initializer_list<const char*> paths, HostFacts facts = user_facts()) {
  for (const char* path : paths) has_directory(facts, path);
  return facts;
}

}  // namespace

TEST_CASE("a variable that a tool takes in any letters is there once", "[run][redirects]") {
  const Plan plan = plan_of(inheriting({"NPM_CONFIG_CACHE=/srv/npm", "Npm_Config_Cache=/srv/other"}));
  CHECK(value(plan, "npm_config_cache") == "/box/cache/npm");
  CHECK(value(plan, "NPM_CONFIG_CACHE") == "(unset)");
  CHECK(value(plan, "Npm_Config_Cache") == "(unset)");
  CHECK(std::ranges::count(plan.step.unset, "NPM_CONFIG_CACHE") == 1);
}

TEST_CASE("what a rule says of such a variable wins in whatever letters", "[run][redirects]") {
  for (const char* name : {"npm_config_cache", "NPM_CONFIG_CACHE"}) {
    INFO(name);
    const HostFacts facts = inheriting({"NPM_CONFIG_CACHE=/srv/npm", "npm_config_cache=/srv/other"});
    const std::string other = std::string(name) == "NPM_CONFIG_CACHE" ? "npm_config_cache" : "NPM_CONFIG_CACHE";
    const Plan set = plan_of(facts, saying(EnvAction::set, name, "/mine"));
    CHECK(value(set, name) == "/mine");
    CHECK(value(set, other) == "(unset)");
    const Plan unset = plan_of(facts, saying(EnvAction::unset, name));
    CHECK(value(unset, name) == "(unset)");
    CHECK(value(unset, other) == "(unset)");
    const Plan kept = plan_of(facts, saying(EnvAction::keep, name));
    CHECK(value(kept, name) == (std::string(name) == "NPM_CONFIG_CACHE" ? "/srv/npm" : "/srv/other"));
    CHECK(value(kept, other) == "(unset)");
  }
}

TEST_CASE("a redirect yields to another variable of the same meaning", "[run][redirects]") {
  const Plan plan = plan_of(inheriting({"TMPDIR=/scratch", "GOTMPDIR=/scratch"}), saying(EnvAction::set, "TMP", "/mine"));
  CHECK(value(plan, "TMP") == "/mine");
  // Programs look at TMPDIR first.
  CHECK(value(plan, "TMPDIR") == "(unset)");
  CHECK(value(plan, "TEMP") == "(unset)");
  CHECK(value(plan, "GOTMPDIR") == "/box/tmp");
  CHECK(value(plan_of(user_facts(), saying(EnvAction::set, "TMPDIR", "/mine")), "GOTMPDIR") == "(unset)");
  CHECK(value(plan_of(user_facts(), saying(EnvAction::set, "GOPATH", "/mine")), "GOMODCACHE") == "(unset)");
  CHECK(value(plan_of(user_facts(), saying(EnvAction::set, "NPM_CONFIG_STORE_DIR", "/mine")), "pnpm_config_store_dir") == "(unset)");
}

TEST_CASE("a redirect yields to a kept variable that is there only", "[run][redirects]") {
  const Policy keep = saying(EnvAction::keep, "TMP*");
  CHECK(value(plan_of(inheriting({"TMPDIR=/scratch"}), keep), "GOTMPDIR") == "(unset)");
  CHECK(value(plan_of(inheriting({"A=1"}), keep), "GOTMPDIR") == "/box/tmp");
  CHECK(value(plan_of(inheriting({"A=1"}), saying(EnvAction::unset, "TMPDIR")), "TMP") == "/box/tmp");
}

TEST_CASE("a place for all caches that a rule names is taken by those that follow it", "[run][redirects]") {
  const Plan plan = plan_of(inheriting({"GOCACHE=/srv/go"}), saying(EnvAction::set, "XDG_CACHE_HOME", "/mine"));
  CHECK(value(plan, "XDG_CACHE_HOME") == "/mine");
  CHECK(value(plan, "GOCACHE") == "(unset)");
  CHECK(value(plan, "PIP_CACHE_DIR") == "(unset)");
  // Those whose place is elsewhere keep theirs.
  CHECK(value(plan, "CARGO_HOME") == "/box/cache/cargo");
  CHECK(value(plan, "npm_config_cache") == "/box/cache/npm");
}

TEST_CASE("the place of a cache that a rule opens is used by its tool", "[run][redirects]") {
  const HostFacts facts = with_directories({"/home/bob/.cache/go-build"});
  for (const PathAccess access : {PathAccess::rw, PathAccess::ro}) {
    const Plan plan = plan_of(facts, showing(access, "~/.cache/go-build"));
    CHECK(value(plan, "GOCACHE") == "/home/bob/.cache/go-build");
    CHECK(value(plan, "XDG_CACHE_HOME") == "/box/cache/xdg");
    CHECK(value(plan, "GOMODCACHE") == "/box/cache/go-mod");
    const auto found = std::ranges::find(plan.step.environment, "GOCACHE", &EnvEntry::name);
    CHECK(found->cause == EnvCause::policy);
    CHECK(found->origin.place == (access == PathAccess::rw ? "--rw" : "--ro"));
  }
}

TEST_CASE("a writable directory further up opens the places of all caches in it", "[run][redirects]") {
  const HostFacts facts = with_directories({"/home/bob/.cache"});
  const Plan open = plan_of(facts, showing(PathAccess::rw, "~/.cache"));
  CHECK(value(open, "XDG_CACHE_HOME") == "/home/bob/.cache");
  CHECK(value(open, "GOCACHE") == "/home/bob/.cache/go-build");
  CHECK(value(open, "PIP_CACHE_DIR") == "/home/bob/.cache/pip");
  CHECK(value(open, "CARGO_HOME") == "/box/cache/cargo");
  CHECK(value(open, "TMPDIR") == "/box/tmp");
  // Shown to be looked at: a cache that cannot be written would fail most builds.
  const Plan shown = plan_of(facts, showing(PathAccess::ro, "~/.cache"));
  CHECK(value(shown, "HOME") == "/box/home");
  CHECK(value(shown, "GOCACHE") == "/box/cache/go-build");
}

TEST_CASE("what lies outside of the home opens no cache by being further up", "[run][redirects]") {
  HostFacts facts = with_directories({"/srv/scratch", "/srv/scratch/go"}, inheriting({"GOCACHE=/srv/scratch/go", "TMPDIR=/srv/scratch"}));
  CHECK(value(plan_of(facts, showing(PathAccess::rw, "/srv/scratch")), "GOCACHE") == "/box/cache/go-build");
  CHECK(value(plan_of(facts, showing(PathAccess::rw, "/srv/scratch")), "TMPDIR") == "/box/tmp");
  CHECK(value(plan_of(facts, showing(PathAccess::rw, "/srv/scratch/go")), "GOCACHE") == "/srv/scratch/go");
}

TEST_CASE("where the caller has put a cache, opening its default place moves nothing", "[run][redirects]") {
  const HostFacts facts = with_directories({"/home/bob/.cache/go-build"}, inheriting({"GOCACHE=/elsewhere"}));
  CHECK(value(plan_of(facts, showing(PathAccess::rw, "~/.cache/go-build")), "GOCACHE") == "/box/cache/go-build");
}

TEST_CASE("with the home of the host no cache of the home is redirected", "[run][redirects]") {
  Policy host = default_policy();
  host.home.value = HomeMode::host;
  const HostFacts facts = inheriting({"GOPATH=/go", "GOCACHE=/home/bob/.gocache", "XDG_RUNTIME_DIR=/run/user/1000"});
  for (const Policy& policy : {host, showing(PathAccess::rw, "/home/bob")}) {
    const Plan plan = plan_of(with_directories({"/home/bob"}, facts), policy);
    CHECK(value(plan, "HOME") == "/home/bob");
    CHECK(value(plan, "GOCACHE") == "/home/bob/.gocache");
    CHECK(value(plan, "XDG_CACHE_HOME") == "(unset)");
    CHECK(value(plan, "CARGO_HOME") == "(unset)");
    CHECK(value(plan, "npm_config_cache") == "(unset)");
    // Not in the home: an image's, and read-only here.
    CHECK(value(plan, "GOPATH") == "/box/cache/go");
    CHECK(value(plan, "TMPDIR") == "/box/tmp");
    CHECK(value(plan, "XDG_RUNTIME_DIR") == "/box/run/user/1000");
  }
}

TEST_CASE("what a rule shows in a directory that was moved is where the tool looks for it", "[run][redirects]") {
  HostFacts facts = user_facts();
  has_file(facts, "/home/bob/.cargo/config.toml");
  const Plan plan = plan_of(facts, showing(PathAccess::ro, "~/.cargo/config.toml"));
  CHECK(value(plan, "CARGO_HOME") == "/box/cache/cargo");
  const MountCall call = only_mount_at(plan, "box/cache/cargo/config.toml");
  CHECK(call.source == "/home/bob/.cargo/config.toml");
  CHECK((call.attributes & MOUNT_ATTR_RDONLY) != 0);
  CHECK(only_mount_at(plan, "box/home/.cargo/config.toml").source == call.source);
}

TEST_CASE("the directory of a cache with something shown in it is made before that", "[run][redirects]") {
  HostFacts facts = user_facts();
  has_directory(facts, "/home/bob/.cache/huggingface");
  const Plan plan = plan_of(facts, showing(PathAccess::rw, "~/.cache/huggingface"));
  const auto at = [&](std::string_view target, MountAct act) {
    return std::ranges::find_if(plan.files.mounts, [&](const MountCall& call) { return call.target == target && call.act == act; });
  };
  const auto made = at("box/cache/xdg/huggingface", MountAct::directory);
  REQUIRE(made != plan.files.mounts.end());
  CHECK(made < at("box/cache/xdg/huggingface", MountAct::bind));
  CHECK(at("box/cache/xdg/huggingface", MountAct::bind) != plan.files.mounts.end());
  CHECK(std::ranges::count(plan.files.cache_directories, "box/cache/xdg", &MountCall::target) == 0);
}

TEST_CASE("a toolchain in a directory that a rule opens for writing stays writable", "[run][redirects]") {
  HostFacts facts = with_directories({"/home/bob/.cargo", "/home/bob/.cargo/bin"});
  CHECK(mounted_at(plan_of(facts), "box/home/.cargo/bin").size() == 1);
  CHECK(mounted_at(plan_of(facts, showing(PathAccess::rw, "~/.cargo")), "box/home/.cargo/bin").empty());
}

TEST_CASE("what would write to a read-only toolchain by itself is covered", "[run][redirects]") {
  constexpr const char* kHook = "/home/bob/.pyenv/pyenv.d/exec/pip-rehash";
  const HostFacts facts = with_directories({"/home/bob/.pyenv", kHook});
  CHECK(only_mount_at(plan_of(facts), "box/home/.pyenv/pyenv.d/exec/pip-rehash").source == ".empty/directory");
  CHECK(mounted_at(plan_of(facts, showing(PathAccess::rw, "~/.pyenv")), "box/home/.pyenv/pyenv.d/exec/pip-rehash").empty());
  Policy host = default_policy();
  host.home.value = HomeMode::host;
  CHECK(mounted_at(plan_of(facts, host), std::string(kHook).substr(1)).empty());
  // Where the caller says that it is, as images do.
  const HostFacts image = with_directories({"/opt/pyenv/pyenv.d/exec/pip-rehash"}, inheriting({"PYENV_ROOT=/opt/pyenv"}));
  CHECK(only_mount_at(plan_of(image), "opt/pyenv/pyenv.d/exec/pip-rehash").source == ".empty/directory");
}

TEST_CASE("fakeroot does not try what a box with one id refuses", "[run][redirects]") {
  CHECK(value(plan_of(user_facts()), "FAKEROOTDONTTRYCHOWN") == "1");
  CHECK(value(plan_of(root_facts()), "FAKEROOTDONTTRYCHOWN") == "(unset)");
  CHECK(value(plan_of(degraded_facts()), "FAKEROOTDONTTRYCHOWN") == "(unset)");
}
