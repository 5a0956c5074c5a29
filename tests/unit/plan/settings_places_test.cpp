// Where the settings files of tools are on the host, and where the box shows them.
#include "plan/settings_places.hpp"

#include <sys/mount.h>

#include <algorithm>

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

std::string path_of(std::string_view written, const HostFacts& facts) {
  const auto places = plan::settings_places(facts);
  const auto found = std::ranges::find(places, written, &plan::SettingsPlace::written);
  return found == places.end() ? "(none)" : found->path;
}

Policy showing_settings() {
  Policy policy = default_policy();
  policy.settings = {SettingsMode::show, on_command_line("--settings")};
  return policy;
}

HostFacts with_settings(HostFacts facts, std::initializer_list<const char*> files) {
  for (const char* file : files) {
    has_file(facts, file);
    facts.settings.emplace_back(file);
  }
  return facts;
}

bool is_read_only(const MountCall& call) { return (call.attributes & MOUNT_ATTR_RDONLY) != 0; }

}  // namespace

TEST_CASE("settings are where the tool would look for them outside", "[plan][settings-places]") {
  HostFacts facts = user_facts();
  CHECK(path_of("~/.npmrc", facts) == "/home/bob/.npmrc");
  CHECK(path_of("~/.gradle/init.d/", facts) == "/home/bob/.gradle/init.d");
  CHECK(path_of("$XDG_CONFIG_HOME/go/env", facts) == "/home/bob/.config/go/env");
  CHECK(path_of("~/.cargo/config.toml", facts) == "/home/bob/.cargo/config.toml");
  facts.environment.insert(facts.environment.end(), {"XDG_CONFIG_HOME=/srv/config", "CARGO_HOME=/opt/cargo", "GRADLE_USER_HOME=relative"});
  CHECK(path_of("$XDG_CONFIG_HOME/go/env", facts) == "/srv/config/go/env");
  CHECK(path_of("~/.cargo/config.toml", facts) == "/opt/cargo/config.toml");
  CHECK(path_of("~/.gradle/init.d/", facts) == "/home/bob/.gradle/init.d");
  CHECK(path_of("~/.npmrc", facts) == "/home/bob/.npmrc");
  facts = user_facts();
  facts.home = facts.passwd_home = "";
  CHECK(plan::settings_places(facts).empty());
}

TEST_CASE("settings are shown read-only in the step's home, or where a redirect has moved the tool's", "[plan][settings-places]") {
  const HostFacts facts = with_settings(GENERATE(user_facts(), root_facts()), {});
  const std::string home = facts.home;
  const auto plan = [&](std::string_view file) {
    const std::string path = home + std::string(file);
    return plan_of(with_settings(facts, {path.c_str()}), showing_settings());
  };
  const MountCall npm = only_mount_at(plan("/.npmrc"), "box/home/.npmrc");
  CHECK(npm.source == home + "/.npmrc");
  CHECK(npm.onto_file);
  CHECK(is_read_only(npm));
  CHECK(npm.why == "settings of npm");
  CHECK(is_read_only(only_mount_at(plan("/.config/go/env"), "box/home/.config/go/env")));
  CHECK(is_read_only(only_mount_at(plan("/.cargo/config.toml"), "box/cache/cargo/config.toml")));
  // Cargo would join the two where the checkout lies below the home.
  CHECK(mounted_at(plan("/.cargo/config.toml"), "box/home/.cargo/config.toml").empty());
  CHECK(is_read_only(only_mount_at(plan("/.gradle/gradle.properties"), "box/cache/gradle/gradle.properties")));
}

TEST_CASE("settings that are a link have the target's content", "[plan][settings-places]") {
  HostFacts facts = with_settings(user_facts(), {"/home/bob/.npmrc"});
  facts.paths["/home/bob/.npmrc"].real = "/home/bob/dotfiles/npmrc";
  CHECK(only_mount_at(plan_of(facts, showing_settings()), "box/home/.npmrc").source == "/home/bob/dotfiles/npmrc");
}

TEST_CASE("settings of a home that lies in the home of the user database are in the step's home", "[plan][settings-places]") {
  HostFacts facts = root_facts();
  facts.home = "/root/ci";
  facts.environment = {"PATH=/usr/bin", "HOME=/root/ci"};
  const Plan plan = plan_of(with_settings(facts, {"/root/ci/.npmrc"}), showing_settings());
  CHECK(only_mount_at(plan, "box/home/.npmrc").source == "/root/ci/.npmrc");
}

TEST_CASE("what a rule hides stays hidden when settings are shown", "[plan][settings-places]") {
  Policy policy = showing_settings();
  policy.paths = {rule(PathAccess::hide, "~/.npmrc"), rule(PathAccess::hide, "~/.cargo/credentials.toml")};
  const HostFacts facts = with_settings(user_facts(), {"/home/bob/.npmrc", "/home/bob/.cargo/credentials.toml"});
  for (const MountCall& call : plan_of(facts, policy).files.mounts) {
    INFO(call.target);
    CHECK(call.source != "/home/bob/.npmrc");
    CHECK(call.source != "/home/bob/.cargo/credentials.toml");
  }
}

TEST_CASE("settings are not shown without a box", "[plan][settings-places]") {
  Policy policy = showing_settings();
  policy.isolation.value = Isolation::env;
  CHECK(refusal_of(user_facts(), policy).message == "cannot have settings shown in a fresh home (--settings) with --isolation env");
  policy.home.value = HomeMode::host;
  plan_of(user_facts(), policy);
}
