#include <catch2/catch.hpp>
#include <string>

#include "caches/registry.hpp"

using namespace stepbox::caches;

namespace {

std::string owner(std::string_view path) {
  const Tool* tool = owner_of(path);
  return tool == nullptr ? "" : std::string(tool->name);
}

}  // namespace

TEST_CASE("what lies in a redirected directory belongs to its tool", "[caches]") {
  CHECK(owner("cache/go-build") == "go-build-cache");
  CHECK(owner("cache/go-build/ab/x") == "go-build-cache");
  CHECK(owner("cache/go-mod/cache/download/x") == "go-module-cache");
  CHECK(owner("cache/go/bin/stringer") == "gopath");
  CHECK(owner("cache/go/pkg/mod/x") == "gopath");
  CHECK(owner("cache/cargo/registry/x") == "cargo");
  CHECK(owner("cache/zig/o/x") == "zig");
  CHECK(owner("run/sccache.sock") == "sccache");
}

TEST_CASE("a name that only begins alike is somebody else's", "[caches]") {
  CHECK(owner("cache/go-building") == "");
  CHECK(owner("cache/goo/x") == "");
  CHECK(owner("cache/xdg/wasmtimes/x") == "");
}

TEST_CASE("a tool without a variable is known by its default, in home and below XDG_CACHE_HOME", "[caches]") {
  CHECK(owner("home/.cache/wasmtime/modules/x") == "wasmtime");
  CHECK(owner("cache/xdg/wasmtime/modules/x") == "wasmtime");
  CHECK(owner("cache/xdg/gopls/x") == "gopls");
  CHECK(owner("home/.m2/repository/x") == "maven");
  CHECK(owner("cache/state/pnpm/x") == "pnpm");
  CHECK(owner("run/user/1000/gnupg/S.gpg-agent") == "gnupg");
}

TEST_CASE("the longest path decides", "[caches]") {
  CHECK(owner("home/.m2/mvnd/x") == "mvnd");
  CHECK(owner("cache/xdg/node/corepack/v1/x") == "corepack");
  CHECK(owner("cache/ccache/tmp/x") == "ccache");
  CHECK(owner("home/go/pkg/mod/x") == "go-module-cache");
  CHECK(owner("home/go/src/x") == "gopath");
}

TEST_CASE("names with a varying part are matched within one component", "[caches]") {
  CHECK(owner("tmp/pytest-of-me/pytest-0/x") == "pytest");
  CHECK(owner("tmp/go-build123/b001/x") == "go-work-dir");
  CHECK(owner("tmp/hsperfdata_root/17") == "jvm");
  CHECK(owner("shm/.org.chromium.AbC") == "chromium");
  CHECK(owner("tmp/x/pytest-of-me") == "");
}

TEST_CASE("what everybody shares belongs to nobody", "[caches]") {
  for (const char* path : {"", "tmp", "tmp/x", "home", "home/.bashrc", "cache", "cache/xdg", "cache/xdg/unheard-of/x",
                           "cache/state", "run/user/1000", "out/x", "var-tmp/x"})
    CHECK(owner(path) == "");
}
