#include "caches/registry_words.hpp"

#include <catch2/catch.hpp>

using namespace stepbox::caches::source;

TEST_CASE("a path of the workspace begins with a volume and stays below it", "[caches]") {
  for (const char* good : {"tmp", "var-tmp", "cache/go-build", "home/.m2", "run/user/{uid}", "shm", "out/a/b"})
    CHECK(fault_of_workspace_path(good) == "");
  CHECK(fault_of_workspace_path("/cache/x") == "is absolute; it begins with a volume, as in cache/NAME");
  CHECK(fault_of_workspace_path("cache/../x") == "has a '.' or '..' component");
  CHECK(fault_of_workspace_path("cache/./x") == "has a '.' or '..' component");
  CHECK(fault_of_workspace_path("cache//x") == "has an empty component");
  CHECK(fault_of_workspace_path("cache/x/") == "has an empty component");
  CHECK(fault_of_workspace_path("") == "has an empty component");
  CHECK(fault_of_workspace_path("cache/a\tb") == "has a control character");
  CHECK(fault_of_workspace_path("cache/a\x7f") == "has a control character");
  CHECK(fault_of_workspace_path("caches/x") == "does not begin with a volume (tmp var-tmp cache home out shm run)");
  for (const char* bad : {"run/{gid}", "run/{uid", "run/uid}", "run/{uid}{"})
    CHECK(fault_of_workspace_path(bad) == "has a placeholder other than {uid}");
}

TEST_CASE("a host path begins with home, the root, or a place in brackets", "[caches]") {
  for (const char* good : {"~/.cache/x", "/tmp/jest_<hash>", "<prefix>/var/run"}) CHECK(fault_of_host_path(good) == "");
  for (const char* bad : {"~", "~user/x", ".cache/x", "", "$HOME/x"})
    CHECK(fault_of_host_path(bad) == "does not begin with ~/ or / or <PLACE>");
  CHECK(fault_of_host_path("~/") == "has an empty component");
  CHECK(fault_of_host_path("/") == "has an empty component");
  CHECK(fault_of_host_path("/tmp/../x") == "has a '.' or '..' component");
  CHECK(fault_of_host_path("~/a\nb") == "has a control character");
}

TEST_CASE("a settings file is one place below the home or where the configuration is", "[caches]") {
  for (const char* good : {"~/.npmrc", "~/.gradle/init.d/", "$XDG_CONFIG_HOME/go/env", "$XDG_CONFIG_HOME/.bunfig.toml"})
    CHECK(fault_of_settings_path(good) == "");
  for (const char* bad : {"~", "/etc/npmrc", ".npmrc", "", "$HOME/.npmrc", "$XDG_CONFIG_HOME"})
    CHECK(fault_of_settings_path(bad) == "begins neither with ~/ nor with $XDG_CONFIG_HOME/");
  CHECK(fault_of_settings_path("~/.a<version>") == "has a part that varies");
  CHECK(fault_of_settings_path("~/../x") == "has a '.' or '..' component");
  CHECK(fault_of_settings_path("~//x") == "has an empty component");
  CHECK(fault_of_settings_path("~/") == "has an empty component");
}

TEST_CASE("a name below the checkout or a toolchain is relative", "[caches]") {
  for (const char* good : {"target/", ".eslintcache", "*.tsbuildinfo", "node_modules/.cache/"})
    CHECK(fault_of_tree_name(good) == "");
  CHECK(fault_of_tree_name("/target") == "is no relative name");
  CHECK(fault_of_tree_name("~/target") == "is no relative name");
  CHECK(fault_of_tree_name("../target") == "has a '.' or '..' component");
  CHECK(fault_of_tree_name("target//") == "has an empty component");
}

TEST_CASE("variables and tools have the names that shells and people can type", "[caches]") {
  for (const char* good : {"GOCACHE", "npm_config_cache", "_X", "A1"}) CHECK(fault_of_variable(good) == "");
  for (const char* bad : {"", "1A", "GO-CACHE", "A=B", "A B"})
    CHECK(fault_of_variable(bad) == "is no variable name (A-Z a-z _, then also 0-9)");
  for (const char* good : {"go-build-cache", "conan1", "wasm-tools"}) CHECK(fault_of_tool_name(good) == "");
  for (const char* bad : {"", "Go", "1go", "go build", "go_build"})
    CHECK(fault_of_tool_name(bad) == "is no tool name (a-z, then a-z 0-9 - . +)");
}

TEST_CASE("a mode is written with four octal digits", "[caches]") {
  CHECK(read_mode("0700") == 0700);
  CHECK(read_mode("0755") == 0755);
  for (const char* bad : {"", "700", "1777", "0800", "07000", "0x1f", "-700"}) CHECK_FALSE(read_mode(bad));
}
