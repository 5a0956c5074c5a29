// The compiled tables as they are shipped.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "caches/registry.hpp"

using namespace stepbox::caches;

namespace {

const Tool* find_tool(std::string_view name) {
  const auto found = std::ranges::find(tools(), name, &Tool::name);
  return found == tools().end() ? nullptr : &*found;
}

std::map<std::string_view, Redirect> redirects_by_variable() {
  std::map<std::string_view, Redirect> all;
  for (const Tool& tool : tools())
    for (const Redirect& redirect : tool.redirects) all.emplace(redirect.variable, redirect);
  return all;
}

}  // namespace

TEST_CASE("every core variable is redirected", "[caches]") {
  const std::map<std::string_view, std::string_view> expected = {
      {"TMPDIR", "tmp"},
      {"TMP", "tmp"},
      {"TEMP", "tmp"},
      {"TEMPDIR", "tmp"},
      {"HOME", "home"},
      {"XDG_CACHE_HOME", "cache/xdg"},
      {"XDG_STATE_HOME", "cache/state"},
      {"XDG_RUNTIME_DIR", "run/user/{uid}"},
      {"GOCACHE", "cache/go-build"},
      {"GOTMPDIR", "tmp"},
      {"GOMODCACHE", "cache/go-mod"},
      {"GOPATH", "cache/go"},
      {"GOPLSCACHE", "cache/xdg"},
      {"GOLANGCI_LINT_CACHE", "cache/golangci-lint"},
      {"CCACHE_DIR", "cache/ccache"},
      {"SCCACHE_DIR", "cache/sccache"},
      {"SCCACHE_SERVER_UDS", "run/sccache.sock"},
      {"CARGO_HOME", "cache/cargo"},
      {"npm_config_cache", "cache/npm"},
      {"YARN_GLOBAL_FOLDER", "cache/yarn"},
      {"pnpm_config_store_dir", "cache/pnpm"},
      {"PIP_CACHE_DIR", "cache/pip"},
      {"UV_CACHE_DIR", "cache/uv"},
      {"MYPY_CACHE_DIR", "cache/mypy"},
      {"RUFF_CACHE_DIR", "cache/ruff"},
      {"PRE_COMMIT_HOME", "cache/pre-commit"},
      {"GRADLE_USER_HOME", "cache/gradle"},
      {"NUGET_PACKAGES", "cache/nuget"},
      {"BUNDLE_USER_CACHE", "cache/bundle"},
      {"COMPOSER_CACHE_DIR", "cache/composer"},
      {"CONAN_HOME", "cache/conan2"},
      {"CONAN_USER_HOME", "cache/conan1"},
      {"VCPKG_DEFAULT_BINARY_CACHE", "cache/vcpkg"},
      {"ZIG_GLOBAL_CACHE_DIR", "cache/zig"},
      {"ZIG_LOCAL_CACHE_DIR", "cache/zig"},
      {"DENO_DIR", "cache/deno"},
  };
  const auto redirects = redirects_by_variable();
  for (const auto& [variable, value] : expected) {
    INFO(variable);
    REQUIRE(redirects.contains(variable));
    CHECK(redirects.at(variable).value == value);
  }
  CHECK(redirects.at("XDG_RUNTIME_DIR").mode == 0700);
  CHECK(redirects.at("SCCACHE_SERVER_UDS").create == Create::parent);
}

TEST_CASE("tools that no variable should move are listed with their default paths", "[caches]") {
  for (const char* name : {"go-telemetry", "maven", "yarn", "corepack", "poetry", "pytest", "bazel", "playwright",
                           "puppeteer", "electron", "wasmtime", "fontconfig"}) {
    INFO(name);
    const Tool* tool = find_tool(name);
    REQUIRE(tool != nullptr);
    CHECK(tool->redirects.empty());
    CHECK_FALSE(tool->default_paths.empty());
  }
}

TEST_CASE("variables that make other programs speak up are not set", "[caches]") {
  const auto redirects = redirects_by_variable();
  for (const char* variable : {"JAVA_TOOL_OPTIONS", "MAVEN_OPTS", "npm_config_store_dir", "npm_config_devdir",
                               "GOFLAGS", "PYTEST_ADDOPTS", "YARN_CACHE_FOLDER"})
    CHECK_FALSE(redirects.contains(variable));
}

TEST_CASE("toolchains are pinned where the tool has a variable for it", "[caches]") {
  std::map<std::string_view, std::string_view> pins;
  for (const Tool& tool : tools())
    for (const Toolchain& toolchain : tool.toolchains) pins.emplace(toolchain.path, toolchain.variable);
  const std::map<std::string_view, std::string_view> expected = {
      {"~/.rustup", "RUSTUP_HOME"},
      {"~/.cargo/bin", ""},
      {"~/.pyenv", "PYENV_ROOT"},
      {"~/.nvm", "NVM_DIR"},
      {"~/.sdkman", "SDKMAN_DIR"},
      {"~/go/bin", ""},
      {"~/.volta", "VOLTA_HOME"},
      {"~/.fnm", ""},
      {"~/.local/bin", ""},
      {"~/.rbenv", "RBENV_ROOT"},
      {"~/.asdf", "ASDF_DATA_DIR"},
      {"~/.dotnet/tools", ""},
      {"~/.ghcup", ""},
      {"~/.juliaup", ""},
      {"~/.cache/ms-playwright", "PLAYWRIGHT_BROWSERS_PATH"},
      {"~/.opam", "OPAMROOT"},
  };
  for (const auto& [path, variable] : expected) {
    INFO(path);
    REQUIRE(pins.contains(path));
    CHECK(pins.at(path) == variable);
  }
}

TEST_CASE("the tables are sane", "[caches]") {
  std::set<std::string_view> names, directories;
  for (const Tool& tool : tools()) {
    INFO(tool.name);
    CHECK(names.insert(tool.name).second);
    CHECK_FALSE(tool.ecosystem.empty());
    for (const Redirect& redirect : tool.redirects) {
      CHECK_FALSE(redirect.value.empty());
      if (redirect.create == Create::directory) directories.insert(redirect.value);
      // /box/ and a socket's name below must fit into 107 bytes with room to spare.
      CHECK(redirect.value.size() <= 32);
    }
  }
  CHECK(names.size() > 150);
  // Each is a mkdir at the start of every box.
  CHECK(directories.size() <= 32);
}

TEST_CASE("a programs directory lies in what its tool redirects", "[caches]") {
  for (const Tool& tool : tools()) {
    for (const std::string_view path : tool.programs) {
      INFO(tool.name << ": " << path);
      CHECK(owner_of(path) == &tool);
    }
  }
}

TEST_CASE("the places that tools use without their variables are known", "[caches]") {
  std::string all;
  for (const Tool& tool : tools())
    for (const Redirect& redirect : tool.redirects)
      for (const std::string_view path : redirect.defaults) all += std::string(redirect.variable) + " " + std::string(path) + "\n";
  CHECK(all == R"(HOME ~
XDG_CACHE_HOME ~/.cache
XDG_STATE_HOME ~/.local/state
GOCACHE ~/.cache/go-build
GOMODCACHE ~/go/pkg/mod
GOPATH ~/go
GOPLSCACHE ~/.cache
GOLANGCI_LINT_CACHE ~/.cache/golangci-lint
CARGO_HOME ~/.cargo
SCCACHE_DIR ~/.cache/sccache
CCACHE_DIR ~/.ccache
CCACHE_DIR ~/.cache/ccache
CONAN_HOME ~/.conan2
VCPKG_DEFAULT_BINARY_CACHE ~/.cache/vcpkg/archives
ZIG_GLOBAL_CACHE_DIR ~/.cache/zig
GRADLE_USER_HOME ~/.gradle
npm_config_cache ~/.npm
YARN_GLOBAL_FOLDER ~/.yarn/berry
pnpm_config_store_dir ~/.local/share/pnpm/store
DENO_DIR ~/.cache/deno
PIP_CACHE_DIR ~/.cache/pip
UV_CACHE_DIR ~/.cache/uv
PRE_COMMIT_HOME ~/.cache/pre-commit
BUNDLE_USER_CACHE ~/.bundle/cache
COMPOSER_CACHE_DIR ~/.cache/composer
COMPOSER_CACHE_DIR ~/.composer/cache
NUGET_PACKAGES ~/.nuget/packages
NUGET_HTTP_CACHE_PATH ~/.local/share/NuGet/http-cache
)");
}
