#include <catch2/catch.hpp>
#include <string>

#include "policy/settings.hpp"

using namespace stepbox;
using namespace stepbox::policy;

namespace {

const Origin kPlace{.layer = Layer::command_line, .place = "x"};

Policy applied(std::string_view key, std::string_view value, std::string_view name = "") {
  Policy policy;
  const auto result = apply_setting(policy, {std::string(key), std::string(name), std::string(value), kPlace});
  if (!result) FAIL(result.error().message);
  return policy;
}

std::string refusal(std::string_view key, std::string_view value, std::string_view name = "") {
  Policy policy;
  const auto result = apply_setting(policy, {std::string(key), std::string(name), std::string(value), kPlace});
  INFO(key << " = " << value);
  REQUIRE_FALSE(result.has_value());
  return result.error().message;
}

}  // namespace

TEST_CASE("sizes and counts enter the policy with their origin", "[policy]") {
  const Policy policy = applied("workspace.size", "8GiB");
  CHECK(policy.size.value == Size{Size::Unit::bytes, 8ULL << 30});
  CHECK(policy.size.origin.text() == "x");
  CHECK(applied("workspace.size", "50%").size.value == Size{Size::Unit::percent, 50});
  CHECK(applied("workspace.inodes", "200k").inodes.value == 200'000);
}

TEST_CASE("limits on time enter the policy with their origin", "[policy][deadlines]") {
  CHECK(applied("limits.timeout", "1h30m").timeout.value == std::chrono::minutes(90));
  CHECK(applied("limits.silence", "250ms").silence.value == std::chrono::milliseconds(250));
  CHECK(applied("limits.grace", "3650d").grace.value == std::chrono::days(3650));
  CHECK(applied("limits.timeout", "5s").timeout.origin.text() == "x");
}

TEST_CASE("a wrong limit on time shows the text", "[policy][deadlines]") {
  for (const char* key : {"limits.timeout", "limits.silence", "limits.grace"}) {
    CHECK(refusal(key, "0s") == "x: '0s' is zero");
    CHECK(refusal(key, "-5s") == "x: '-5s' is not a duration like 90s, 30m or 1h30m");
    CHECK(refusal(key, "5") == "x: '5' is not a duration like 90s, 30m or 1h30m");
    CHECK(refusal(key, "3651d") == "x: '3651d' is too large (at most 3650d)");
    CHECK(refusal(key, "99999999999999999999s") == "x: '99999999999999999999s' is too large");
  }
}

TEST_CASE("a wrong size or count shows the text and what was expected", "[policy]") {
  CHECK(refusal("workspace.size", "8GX") == "x: '8GX' is not a size like 8GiB, 512M or 50%");
  CHECK(refusal("workspace.size", "") == "x: '' is not a size like 8GiB, 512M or 50%");
  CHECK(refusal("workspace.size", "101%") == "x: '101%' is more than 100%");
  CHECK(refusal("workspace.size", "0") == "x: '0' is zero");
  CHECK(refusal("workspace.inodes", "-1") == "x: '-1' is not a count like 200000, 200k or 1M");
}

TEST_CASE("a volume takes a size, inodes, or both", "[policy]") {
  for (const char* value : {"4GiB,inodes=200k", "inodes=200k,4GiB", "size=4GiB,inodes=200k"}) {
    const Policy policy = applied("workspace.volumes", value, "cache");
    REQUIRE(policy.volumes.size() == 1);
    CHECK(policy.volumes[0].name == "cache");
    CHECK(policy.volumes[0].size == Size{Size::Unit::bytes, 4ULL << 30});
    CHECK(policy.volumes[0].inodes == 200'000u);
  }
  CHECK_FALSE(applied("workspace.volumes", "4GiB", "tmp").volumes[0].inodes.has_value());
  CHECK_FALSE(applied("workspace.volumes", "inodes=5", "tmp").volumes[0].size.has_value());
}

TEST_CASE("a volume's settings merge field by field and the later wins", "[policy]") {
  Policy policy;
  for (const char* value : {"4GiB,inodes=200k", "2GiB", "inodes=7"})
    REQUIRE(apply_setting(policy, {"workspace.volumes", "cache", value, kPlace}));
  REQUIRE(policy.volumes.size() == 1);
  CHECK(policy.volumes[0].size == Size{Size::Unit::bytes, 2ULL << 30});
  CHECK(policy.volumes[0].inodes == 7u);
}

TEST_CASE("wrong volumes are refused", "[policy]") {
  CHECK(refusal("workspace.volumes", "4GiB", "cahce") == "x: 'cahce' is not a volume (did you mean 'cache'?)");
  CHECK(refusal("workspace.volumes", "4GiB", "building") ==
        "x: 'building' is not a volume (one of tmp, cache, home, scratch, out, shm and run)");
  CHECK(refusal("workspace.volumes", "", "cache") == "x: '' is not a size like 8GiB, 512M or 50%");
  CHECK(refusal("workspace.volumes", "4GiB,nodes=3", "cache") == "x: '4GiB,nodes=3' is not SIZE[,inodes=N]");
  CHECK(refusal("workspace.volumes", "4GiB,inodes=0", "cache") == "x: '0' is zero");
  CHECK(refusal("workspace.volumes", "inodes=1,inodes=2", "cache") ==
        "x: 'inodes=2' is not a size like 8GiB, 512M or 50%");
}

TEST_CASE("modes are words, and a slip gets the nearest one", "[policy]") {
  CHECK(applied("source.mode", "ro").source.value == SourceMode::ro);
  CHECK(applied("source.mode", "none").source.value == SourceMode::none);
  CHECK(applied("root", "ro").root.value == RootMode::ro);
  CHECK(applied("root", "system").root.value == RootMode::system);
  CHECK(applied("home", "host").home.value == HomeMode::host);
  CHECK(applied("network", "loopback").network.value == NetworkMode::loopback);
  CHECK_FALSE(applied("nesting", "deny").allow_nesting.value);
  CHECK(refusal("network", "hots") == "x: 'hots' is not host, loopback or none (did you mean 'host'?)");
  CHECK(refusal("source.mode", "readwrite") == "x: 'readwrite' is not rw, ro, overlay or none");
  CHECK(applied("settings", "show").settings.value == SettingsMode::show);
  CHECK(applied("settings", "hide").settings.value == SettingsMode::hide);
  CHECK(refusal("settings", "shown") == "x: 'shown' is not hide or show (did you mean 'show'?)");
  CHECK(refusal("home", "Fresh") == "x: 'Fresh' is not fresh, overlay or host (did you mean 'fresh'?)");
  CHECK(applied("source.mode", "overlay").source.value == SourceMode::overlay);
  CHECK(applied("root", "overlay").root.value == RootMode::overlay);
  CHECK(applied("home", "overlay").home.value == HomeMode::overlay);
  CHECK(refusal("root", "rw") == "x: 'rw' is not ro, overlay or system (did you mean 'ro'?)");
  CHECK(refusal("nesting", "true") == "x: 'true' is not allow or deny");
}

TEST_CASE("what the design promises for later is refused and not ignored", "[policy]") {
  for (const KeyRow& row : keys())
    if (row.shape == Shape::unsupported)
      CHECK(refusal(row.key, "1") == "x: " + std::string(row.key) + " is not supported by this version of stepbox");
}

TEST_CASE("paths are absolute or below home, and made normal", "[policy]") {
  CHECK(applied("filesystem.ro", "/srv//sdk/").paths[0].path == "/srv/sdk");
  CHECK(applied("filesystem.rw", "~/.m2").paths[0].path == "~/.m2");
  CHECK(applied("filesystem.hide", "~/a//b/").paths[0].path == "~/a/b");
  CHECK(applied("filesystem.hide", "/a\nb").paths[0].path == "/a\nb");
  CHECK(applied("filesystem.ro", "/a").paths[0].access == PathAccess::ro);
  CHECK(applied("filesystem.rw", "/a").paths[0].access == PathAccess::rw);
  CHECK(applied("filesystem.hide", "/a").paths[0].access == PathAccess::hide);
  CHECK(applied("source.path", "/src/").source_path.value == "/src");
}

TEST_CASE("other paths are refused", "[policy]") {
  CHECK(refusal("filesystem.ro", "srv") == "x: 'srv' is not an absolute path, or one that starts with ~/");
  CHECK(refusal("filesystem.ro", "") == "x: '' is not an absolute path, or one that starts with ~/");
  CHECK(refusal("filesystem.ro", "~root/x") == "x: '~root/x' is not an absolute path, or one that starts with ~/");
  CHECK(refusal("filesystem.ro", "~/../x") == "x: '~/../x' leaves the home directory with '..'");
  CHECK(refusal("source.path", std::string("/a\0b", 4)) == "x: a path cannot hold a NUL byte");
}

TEST_CASE("environment rules keep their order", "[policy]") {
  Policy policy;
  REQUIRE(apply_setting(policy, {"environment.set", "CI", "true", kPlace}));
  REQUIRE(apply_setting(policy, {"environment.unset", "", "AWS_PROFILE", kPlace}));
  REQUIRE(apply_setting(policy, {"environment.keep", "", "LC_*", kPlace}));
  REQUIRE(apply_setting(policy, {"environment.redirect", "MYTOOL", "cache/mytool", kPlace}));
  REQUIRE(policy.environment.size() == 4);
  CHECK(policy.environment[0].action == EnvAction::set);
  CHECK(policy.environment[0].name == "CI");
  CHECK(policy.environment[0].value == "true");
  CHECK(policy.environment[1].action == EnvAction::unset);
  CHECK(policy.environment[1].name == "AWS_PROFILE");
  CHECK(policy.environment[2].action == EnvAction::keep);
  CHECK(policy.environment[2].name == "LC_*");
  CHECK(policy.environment[3].action == EnvAction::redirect);
  CHECK(policy.environment[3].value == "cache/mytool");
}

TEST_CASE("a variable's value may be anything but a NUL byte", "[policy]") {
  CHECK(applied("environment.set", "a=b\n\xff", "A").environment[0].value == "a=b\n\xff");
  CHECK(applied("environment.set", "", "A").environment[0].value.empty());
  CHECK(refusal("environment.set", std::string("a\0b", 3), "A") == "x: a variable's value cannot hold a NUL byte");
}

TEST_CASE("variable names are strict", "[policy]") {
  CHECK(refusal("environment.set", "1", "A-B") == "x: 'A-B' is not a variable name of letters, digits and _");
  CHECK(refusal("environment.set", "1", "") == "x: '' is not a variable name of letters, digits and _");
  CHECK(refusal("environment.unset", "1A") == "x: '1A' is not a variable name of letters, digits and _");
  CHECK(refusal("environment.unset", "A=B") == "x: 'A=B' is not a variable name of letters, digits and _");
  CHECK(refusal("environment.redirect", "cache", "A B") == "x: 'A B' is not a variable name of letters, digits and _");
  CHECK(refusal("environment.keep", "A=*") == "x: 'A=*' is not a variable name or a pattern with * and ?");
  CHECK(refusal("environment.keep", "") == "x: '' is not a variable name or a pattern with * and ?");
}

TEST_CASE("a redirect stays in a volume", "[policy]") {
  CHECK(applied("environment.redirect", "cache", "A").environment[0].value == "cache");
  const std::string form = "a path that begins with a volume, like cache/mytool";
  CHECK(refusal("environment.redirect", "cahce/x", "A") == "x: 'cahce/x' is not " + form + " (did you mean 'cache'?)");
  for (const char* value : {"", "/cache/x", "elsewhere/x", "../cache"})
    CHECK(refusal("environment.redirect", value, "A") ==
          "x: '" + std::string(value) + "' is not " + form + " (one of tmp, cache, home, scratch, out, shm and run)");
  for (const char* value : {"cache/../../x", "cache/./x", "cache//x", "cache/"})
    CHECK(refusal("environment.redirect", value, "A") == "x: '" + std::string(value) + "' is not " + form);
  CHECK(refusal("environment.redirect", "cache/a\nb", "A") == "x: 'cache/a\\nb' is not " + form);
}

TEST_CASE("a flag is true or false and nothing like it", "[policy]") {
  CHECK(applied("environment.clear", "true").clear_environment.value);
  CHECK_FALSE(applied("environment.clear", "false").clear_environment.value);
  CHECK(applied("seccomp-log", "true").seccomp_log.value);
  CHECK(applied("diff", "true").diff.value);
  CHECK(refusal("seccomp-log", "1") == "x: '1' is not true or false (did you mean 'true'?)");
  CHECK(refusal("environment.clear", "yes") == "x: 'yes' is not true or false (did you mean 'true'?)");
  CHECK(refusal("environment.clear", "on") == "x: 'on' is not true or false (did you mean 'true'?)");
  CHECK(refusal("environment.clear", "no") == "x: 'no' is not true or false (did you mean 'false'?)");
  CHECK(refusal("environment.clear", "FALSE") == "x: 'FALSE' is not true or false (did you mean 'false'?)");
  CHECK(refusal("environment.clear", "") == "x: '' is not true or false");
}

TEST_CASE("protections are required by name and only once", "[policy]") {
  Policy policy;
  REQUIRE(apply_setting(policy, {"require", "", "quota", kPlace}));
  REQUIRE(apply_setting(policy, {"require", "", "pid-isolation", kPlace}));
  REQUIRE(apply_setting(policy, {"require", "", "quota", kPlace}));
  REQUIRE(policy.require.size() == 2);
  CHECK(policy.require[1].name == "pid-isolation");
  CHECK(refusal("require", "quotta") ==
        "x: 'quotta' is not a protection like quota or mount-isolation (did you mean 'quota'?)");
  CHECK(refusal("require", "everything") == "x: 'everything' is not a protection like quota or mount-isolation (one of quota, mount-isolation, host-files, pid-isolation, "
        "ipc-isolation, uid-isolation, network-isolation, abstract-sockets, path-sockets, no-new-privileges, capabilities, seccomp, kernel-memory and "
        "nesting-denied)");
}

TEST_CASE("a label of a name replaces the one before, and keeps its place", "[policy][labels]") {
  Policy policy;
  for (const auto& [name, value] : {std::pair{"branch", "main"}, {"ci/try", ""}, {"branch", "größe"}})
    REQUIRE(apply_setting(policy, {"labels", name, value, kPlace}));
  REQUIRE(policy.labels.size() == 2);
  CHECK((policy.labels[0].name == "branch" && policy.labels[0].value == "größe"));
  CHECK((policy.labels[1].name == "ci/try" && policy.labels[1].value.empty()));
}

TEST_CASE("a wrong label is refused", "[policy][labels]") {
  for (const char* name : {"", "a b", "ä", "a=b"}) CHECK(refusal("labels", "x", name).find(" is not a label of up to 64 letters") != std::string::npos);
  CHECK(refusal("labels", "x", std::string(65, 'a')).find("is not a label") != std::string::npos);
  for (const std::string& value : {std::string(257, 'x'), std::string("a\nb")})
    CHECK(refusal("labels", value, "branch").find("is longer than 256 bytes, or holds control characters") != std::string::npos);
  Policy policy;
  for (int i = 0; i < 64; ++i) REQUIRE(apply_setting(policy, {"labels", "l" + std::to_string(i), "", kPlace}));
  CHECK_FALSE(apply_setting(policy, {"labels", "one-more", "", kPlace}));
  CHECK(apply_setting(policy, {"labels", "l7", "again", kPlace}));
}
