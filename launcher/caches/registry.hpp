// The registry: which tool keeps what where, and what stepbox does about it. Data, compiled into the
// binary from policies/caches/*.yaml by compile_registry.cpp; this header gives the compiled tables'
// shape. policies/caches/README.md describes the format of the files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace stepbox::caches {

// Who makes the directory that a redirect names.
enum class Create : uint8_t {
  directory,  // stepbox makes it, empty, before the step starts
  parent,     // the tool must create it itself; its parent exists
  none        // the value is no path of the workspace (a flag or a pinned host path)
};

// The boxes in which a redirect applies.
enum class When : uint8_t {
  always,
  one_id  // where the step has one user id and one group id, as an ordinary user's step has
};

// One environment variable that stepbox sets.
struct Redirect {
  std::string_view variable;  // "GOCACHE"
  // directory, parent: a path below /box, beginning with a volume: "cache/go-build"; {uid} stands for
  // the step's user id. none: the literal value.
  std::string_view value;
  Create create;
  // Mode of the directory: 0755 unless the tool insists (XDG_RUNTIME_DIR: 0700).
  uint16_t mode;
  When when;
  // The tool takes the name in capitals and in small letters ("npm_config_cache").
  bool any_case;
  // Where in the home the tool keeps its data when the variable is not set, "~/.cache/go-build".
  std::span<const std::string_view> defaults;
  // Other variables with the same meaning, or that decide the place when this one is not set: this redirect does not
  // overrule a user who sets one of them.
  std::span<const std::string_view> yields_to;
};

// A host path below home that is or holds programs (a directory or a file), shown read-only in a fresh home.
struct Toolchain {
  std::string_view path;      // "~/.rustup"
  std::string_view variable;  // set to the path when it exists and the user has not set it: "RUSTUP_HOME"
  // Names below the path, shown empty: programs that would write to the toolchain by themselves, and fail because it
  // is read-only.
  std::span<const std::string_view> without;
};

// A name below the checkout that is a cache, at any depth: "target/", "*.tsbuildinfo".
struct InTree {
  std::string_view name;  // of a directory if it ends in /
  // Where other tools and people use the name, too: it is a cache only if the same directory holds one of these.
  std::span<const std::string_view> beside;
};

struct Tool {
  std::string_view name;       // "go-build-cache"
  std::string_view ecosystem;  // "go"
  // Other names under which people look for it, "mvn"; of its ecosystem too, "golang". In small letters.
  std::span<const std::string_view> also;
  std::span<const Redirect> redirects;
  std::span<const Toolchain> toolchains;
  // Where it writes when no variable is set, "~/.cache/go-build"; for `caches` and attribution.
  std::span<const std::string_view> default_paths;
  // Its settings files in the home, "~/.npmrc", "$XDG_CONFIG_HOME/go/env"; a name that ends in / is a directory of
  // them.
  std::span<const std::string_view> settings;
  std::span<const InTree> in_tree;
  // Where the redirected tool installs programs, "cache/go/bin": for the end of PATH, so that
  // `go install x && x` works as it does outside. Only the tool makes these directories.
  std::span<const std::string_view> programs;
  std::string_view note;
  // The version that was seen to obey the redirects, "go 1.19.8"; empty: taken from its documentation.
  std::string_view verified;
};

std::span<const Tool> tools();

// The tool whose cache the path below /box belongs to ("cache/go-build/ab/x" -> go-build-cache), or
// null. Also knows the places of tools that have no variable, or ignore it: "home/.cache/wasmtime/x" and
// "cache/xdg/wasmtime/x" -> wasmtime, "tmp/pytest-of-me/x" -> pytest. Places that tools share (tmp, home,
// cache/xdg itself) have no owner. `path` is relative to /box, without "." and "..".
const Tool* owner_of(std::string_view path);

}  // namespace stepbox::caches
